import io
import re

from rich.console import Console

from gateway.demo.screen import Screen
from gateway.demo.walk import Step

GOOD = Step("a partner asks", "200", "200", "1.0 ms")
BAD = Step("a [bold] stranger asks", "403 org_not_approved", "200", details=("a_metric +1",))


def shown(*, terminal: bool, width: int = 100) -> str:
    out = io.StringIO()
    screen = Screen(Console(file=out, force_terminal=terminal, width=width))
    for step in (GOOD, BAD):
        screen.step(step)
    screen.verdict([GOOD, BAD])
    return out.getvalue()


def test_in_a_pipe_a_step_is_one_plain_line() -> None:
    assert shown(terminal=False).splitlines() == [
        "ok     a partner asks: 200 (1.0 ms)",
        "FAILED a [bold] stranger asks: 200; expected 403 org_not_approved",
        "       a_metric +1",
        "",
        "1 of 2 steps came out as said",
    ]


def test_on_a_terminal_there_is_colour_and_the_same_words() -> None:
    text = shown(terminal=True)
    assert "\x1b[" in text
    for words in ("a partner asks", "[bold] stranger", "expected: 403 org_not_approved", "1 of 2 steps came out as said"):
        assert words in text


def test_a_narrow_terminal_breaks_between_words() -> None:
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown(terminal=True, width=24)).splitlines()]
    assert lines[3:7] == ["  → 200", "  expected: 403", "  org_not_approved", "  a_metric +1"]
