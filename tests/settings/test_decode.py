"""The walk over the nodes: plain values, every problem, the line of every path."""

from gateway.settings.decode import decode
from gateway.settings.document import compose
from gateway.settings.shape import Limits, Log, RestrictionsSection


def test_values_come_plain_and_every_path_has_its_line() -> None:
    text = "us_person: true\nregion:\n  any_in:\n    - DE\n    - 'NO'\n"
    value, problems, lines = decode(compose(text, "r.yaml"), RestrictionsSection)
    assert value == {"us_person": True, "region": {"any_in": ["DE", "NO"]}}
    assert problems == []
    assert lines == {"": 1, "us_person": 1, "region": 3, "region.any_in": 4, "region.any_in[0]": 4, "region.any_in[1]": 5}


def test_the_right_form_of_a_word_is_the_nearest() -> None:
    _, (problem,), _ = decode(compose("level: wrning\n", "l.yaml"), Log)
    assert problem.text == 'expected one of debug, error, info, warning, got "wrning". Write: level: warning'


def test_the_right_form_of_a_number_is_its_default() -> None:
    _, (problem,), _ = decode(compose("body: 32 MB\n", "l.yaml"), Limits)
    assert problem.text.endswith('got "32 MB". Write: body: 33554432')
