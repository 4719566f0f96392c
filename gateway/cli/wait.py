"""`--wait`: what each worker answered, for people and scripts, and the exit code that it makes."""

import argparse
import math
import sys
from typing import Any, Final

import msgspec

from gateway.admin.acknowledgement import Acknowledgement, Answer, State

USUAL: Final = 10.0
LONGEST: Final = 3600.0


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add `--wait [SECONDS]`."""
    parser.add_argument(
        "--wait",
        nargs="?",
        type=_seconds,
        const=USUAL,
        metavar="SECONDS",
        help=f"return when every live worker has applied it and cut what it forbids; exit code 1 if one has not (default: {USUAL:.0f})",
    )


def as_facts(found: Acknowledgement) -> dict[str, Any]:
    """Give what scripts read: whether all have answered, and each worker's answer."""
    return {"complete": found.complete, "workers": msgspec.to_builtins(found.answers)}


def show_answers(found: Acknowledgement) -> None:
    """Print a line for each worker."""
    width = max((len(answer.worker) for answer in found.answers), default=0)
    for answer in found.answers:
        print(f"  {answer.worker:<{width}}  {_sentence(answer)}")


def verdict(found: Acknowledgement, seconds: float, what: str) -> int:
    """Give the exit code; who has not answered is named on standard error."""
    if found.complete:
        return 0
    named = ", ".join(answer.worker for answer in found.unanswered)
    problem = f"{what} is not applied within {seconds:g} s by {named}" if named else f"no live worker has reported that it applied {what}"
    print(f"gateway: {problem}. What was written stands; see `gateway status`", file=sys.stderr)
    return 1


def _sentence(answer: Answer) -> str:
    match answer.state:
        case State.APPLIED if answer.applied_ms is None:
            return "has applied it"
        case State.APPLIED:
            return f"applied in {answer.applied_ms:.1f} ms, {_cut(answer)}"
        case State.WAITING:
            return f"HAS NOT ANSWERED: it stands at revision {answer.revision} and reported {answer.silent_s:.1f} s ago"
        case State.UNREADABLE:
            return "HAS NOT ANSWERED: its report cannot be read"
        case State.ENDED:
            return "has ended meanwhile"
        case State.GONE:
            return f"is gone: it reported last {answer.silent_s:.0f} s ago, longer than it serves without news"


def _cut(answer: Answer) -> str:
    if not answer.cut:
        return f"no stream cut, in force {_after(answer.in_force_ms)} after the write"
    streams = "1 stream" if answer.cut == 1 else f"{answer.cut} streams"
    return f"{streams} cut, last byte {_after(answer.last_byte_ms)} after the write"


def _after(milliseconds: float | None) -> str:
    return "at an unknown time" if milliseconds is None else f"{milliseconds:.1f} ms"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait: write --wait or, after what is to be changed, --wait 30 (seconds)")
    return seconds
