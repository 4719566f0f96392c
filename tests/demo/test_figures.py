from gateway.demo.figures import moved, total


def test_only_what_grew_is_shown_in_order() -> None:
    before = {"gateway_requests_total{a}": 1.0, "gateway_policy_age_seconds": 9.0}
    after = {"gateway_requests_total{a}": 3.0, "gateway_policy_age_seconds": 10.0, "gateway_streams_cut_total{b}": 2.0}
    assert moved(before, after) == [("gateway_requests_total{a}", 2.0), ("gateway_streams_cut_total{b}", 2.0)]


def test_a_total_is_over_all_labels_of_one_metric_only() -> None:
    growths = [("a_total{x}", 1.0), ("a_total{y}", 2.0), ("a_total_more", 4.0), ("a_total", 8.0)]
    assert total(growths, "a_total") == 11.0
