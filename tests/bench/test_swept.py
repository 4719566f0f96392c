"""What the gate says of its own cuts, read from its metrics."""

import pytest

from bench.swept import swept_from


def text(fast: int, all_of_them: int, seconds: float) -> str:
    name = "gateway_revocation_seconds"
    return f"""# TYPE {name} histogram
{name}_bucket{{le="0.001"}} {fast}
{name}_bucket{{le="0.01"}} {all_of_them}
{name}_bucket{{le="+Inf"}} {all_of_them}
{name}_count {all_of_them}
{name}_sum {seconds}
gateway_revocations_other 7
"""


def test_only_what_was_added_since_counts() -> None:
    found = swept_from(text(12, 14, 0.1)).since(swept_from(text(10, 10, 0.09)))
    assert found.count == 4
    assert found.mean_milliseconds == pytest.approx(2.5)


def test_the_bound_is_that_of_ninety_nine_in_a_hundred() -> None:
    assert swept_from(text(100, 100, 0.1)).p99_bound_milliseconds == pytest.approx(1.0)
    assert swept_from(text(98, 100, 0.1)).p99_bound_milliseconds == pytest.approx(10.0)


def test_a_gate_that_cut_nothing_says_nothing() -> None:
    assert swept_from("").mean_milliseconds == 0.0
