"""The rule, on arrivals and answers made by hand."""

import pytest
from msgspec import structs

from gateway.probe.answer import Answer
from gateway.probe.arrival import Arrival
from gateway.probe.judge import judge
from gateway.probe.probe import Attempt, Must, Need, Probe
from gateway.probe.target import Target
from gateway.probe.verdict import Outcome

TARGET = Target("127.0.0.1", 1, "small-a", "large-b", "secret-token")
PROBE = Probe("kind", "name", "hole", "seen", lambda _: Attempt(b""))


def arrived(model: str, *headers: tuple[bytes, bytes], oddities: tuple[str, ...] = ()) -> Arrival:
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return Arrival(b"POST", b"/v1/chat/completions", headers, f'{{"model":"{model}"}}'.encode(), oddities, head=head)


def outcome(must: Must, answer: Answer, *arrivals: Arrival, running: int = 0, **changes: object) -> Outcome:
    probe = structs.replace(PROBE, must=must, **changes)
    return judge(probe, TARGET, answer, arrivals, running=running).outcome


@pytest.mark.parametrize(
    ("answer", "arrivals", "expected"),
    [
        (Answer([403]), (), Outcome.HELD),
        (Answer([]), (), Outcome.HELD),
        (Answer([200]), (arrived("small-a"),), Outcome.HELD),
        (Answer([200]), (arrived("large-b"),), Outcome.SLIPPED),
        (Answer([403]), (arrived("large-b"),), Outcome.SLIPPED),
        (Answer([200, 200]), (arrived("small-a"), arrived("large-b")), Outcome.SLIPPED),
        (Answer([200]), (arrived("small-a", (b"X-Model", b"large-b")),), Outcome.AMBIGUOUS),
        (Answer([200]), (arrived("small-a", oddities=("host twice",)),), Outcome.AMBIGUOUS),
        (Answer([200]), (), Outcome.SLIPPED),
        (Answer([500]), (), Outcome.BROKE),
        (Answer([], silent=True), (), Outcome.BROKE),
    ],
)
def test_the_forbidden_model_stays_out(answer: Answer, arrivals: tuple[Arrival, ...], expected: Outcome) -> None:
    assert outcome(Must.KEEP_MODEL, answer, *arrivals) is expected


def test_nothing_passes() -> None:
    assert outcome(Must.KEEP_ALL, Answer([401])) is Outcome.HELD
    assert outcome(Must.KEEP_ALL, Answer([401]), arrived("small-a")) is Outcome.SLIPPED
    assert outcome(Must.KEEP_UNSEEN, Answer([200])) is Outcome.HELD


def test_an_upstream_that_fails_may_be_told_of() -> None:
    assert outcome(Must.KEEP_MODEL, Answer([500]), arrived("small-a"), failing=True) is Outcome.HELD


@pytest.mark.parametrize("name", [b"X-Gateway-Org", b"x_gateway_org", b"X.Gateway.Org", b"X~Gateway-Org"])
def test_secrets_and_the_familys_headers_stay_out(name: bytes) -> None:
    assert outcome(Must.KEEP_SECRETS, Answer([200]), arrived("small-a", (b"X-Other", b"1"))) is Outcome.HELD
    assert outcome(Must.KEEP_SECRETS, Answer([200]), arrived("small-a", (name, b"1"))) is Outcome.SLIPPED
    assert outcome(Must.KEEP_SECRETS, Answer([200]), arrived("small-a", (b"Any", b"x secret-token y"))) is Outcome.SLIPPED


def test_a_list_does_not_name_it() -> None:
    assert outcome(Must.NOT_LIST, Answer([200], b'["small-a"]')) is Outcome.HELD
    assert outcome(Must.NOT_LIST, Answer([200], b'["large-b"]')) is Outcome.SLIPPED
    assert outcome(Must.NOT_LIST, Answer([404], b"large-b is not known")) is Outcome.HELD


def test_streams_end() -> None:
    assert outcome(Must.END, Answer([200])) is Outcome.HELD
    assert outcome(Must.END, Answer([200]), running=1) is Outcome.SLIPPED
    assert outcome(Must.END, Answer([200], cut_after=0.01), needs=Need.REVOKE) is Outcome.HELD
    assert outcome(Must.END, Answer([200]), needs=Need.REVOKE) is Outcome.SLIPPED


def test_controls_are_served_and_seen() -> None:
    assert outcome(Must.PASS, Answer([200]), arrived("small-a")) is Outcome.HELD
    assert outcome(Must.PASS, Answer([200])) is Outcome.NOT_SERVED
    assert outcome(Must.PASS, Answer([403]), arrived("small-a")) is Outcome.NOT_SERVED
    assert outcome(Must.PASS_OTHER, Answer([200]), arrived("large-b")) is Outcome.HELD
    assert outcome(Must.PASS_OTHER, Answer([200]), arrived("small-a")) is Outcome.NOT_SERVED
