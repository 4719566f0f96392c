"""How a mistake is said."""

from gateway.settings.problems import Problem, did_you_mean, settings_error, shown


def test_a_problem_stands_on_the_line_of_the_nearest_section_written_out() -> None:
    lines = {"": 1, "models": 4, "models[0]": 5, "models[0].id": 5}
    places = {"models[0].id": 5, "models[0].restrictions.region.any_in[3]": 5, "models[7].id": 4, "audit.mode": 1}
    assert {path: Problem(path, "x").placed(lines).line for path in places} == places


def test_values_are_shown_short_and_on_one_line() -> None:
    assert shown("maybe") == '"maybe"'
    assert shown('a"b\n\u202e') == '"a\\"b\\n\\u202e"'
    assert len(shown("x" * 1000)) == 42


def test_only_a_near_word_is_suggested() -> None:
    assert did_you_mean("hiden", ("hidden", "gated")) == " Did you mean hidden?"
    assert did_you_mean("zzz", ("hidden", "gated")) == ""


def test_one_line_a_problem_in_the_order_of_the_file() -> None:
    error = settings_error("g.yaml", [Problem("b", "second", 7), Problem("", "first", 2)])
    assert str(error) == "g.yaml:2: first\ng.yaml:7: b: second"
