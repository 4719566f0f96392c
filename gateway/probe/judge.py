"""The rule: judge a probe by what reached the upstream first, by the status second. Pure."""

from collections.abc import Sequence
from typing import Final

from gateway.probe.answer import Answer
from gateway.probe.arrival import Arrival
from gateway.probe.probe import Must, Need, Probe
from gateway.probe.readers import is_plain, who_reads
from gateway.probe.target import Target
from gateway.probe.verdict import Outcome, Verdict

OK: Final = range(200, 300)
SWITCHED: Final = 101
CONTROLS: Final = frozenset((Must.PASS, Must.PASS_OTHER))


def judge(probe: Probe, target: Target, answer: Answer, arrivals: Sequence[Arrival], *, running: int = 0) -> Verdict:
    """Say whether what must hold held; `running` streams are still being written at the upstream."""
    if probe.must in CONTROLS:
        return _served(target.allowed if probe.must is Must.PASS else target.forbidden, answer, arrivals)
    slipped = _slip(probe, target, answer, arrivals, running)
    if slipped is not None:
        return slipped
    if answer.broke and not probe.failing:
        return Verdict(Outcome.BROKE, f"bad input was answered with {answer}" if answer.statuses else "bad input made it wait for ever")
    return Verdict(Outcome.HELD, _how(answer, arrivals))


def _served(model: str, answer: Answer, arrivals: Sequence[Arrival]) -> Verdict:
    if not _is_served(answer):
        return Verdict(Outcome.NOT_SERVED, f"a request that should be served was answered with {answer}")
    if not any(who_reads(arrival, model) for arrival in arrivals):
        return Verdict(Outcome.NOT_SERVED, f"it was answered, and nothing that names {model} reached the recording upstream")
    return Verdict(Outcome.HELD)


def _slip(probe: Probe, target: Target, answer: Answer, arrivals: Sequence[Arrival], running: int) -> Verdict | None:
    """Say what got past, if anything."""
    match probe.must:
        case Must.KEEP_MODEL:
            return _model_slip(target, arrivals) or _slipped(_served_elsewhere(answer, arrivals))
        case Must.KEEP_UNSEEN:
            return _model_slip(target, arrivals)
        case Must.KEEP_ALL:
            return _slipped(f"{arrivals[0].line} reached the upstream" if arrivals else _served_elsewhere(answer, arrivals))
        case Must.KEEP_SECRETS:
            return _slipped(next(filter(None, (_secret(target, arrival) for arrival in arrivals)), ""))
        case Must.NOT_LIST:
            listed = _is_served(answer) and target.forbidden.encode() in answer.body
            return _slipped("the answer names the forbidden model" if listed else "")
        case _:
            return _slipped(_went_on(probe, answer, running))


def _slipped(why: str) -> Verdict | None:
    return Verdict(Outcome.SLIPPED, why) if why else None


def _model_slip(target: Target, arrivals: Sequence[Arrival]) -> Verdict | None:
    for arrival in arrivals:
        if readers := who_reads(arrival, target.forbidden):
            plainly = any(map(is_plain, readers))
            why = f"{arrival.line} names the forbidden model to: {'; '.join(readers)}"
            return Verdict(Outcome.SLIPPED if plainly else Outcome.AMBIGUOUS, why)
        if arrival.oddities:
            return Verdict(Outcome.AMBIGUOUS, f"{arrival.line} was forwarded with {', '.join(arrival.oddities)}")
    return None


def _served_elsewhere(answer: Answer, arrivals: Sequence[Arrival]) -> str:
    return "it was answered as if allowed, and nothing was seen upstream" if _is_served(answer) and not arrivals else ""


def _secret(target: Target, arrival: Arrival) -> str:
    if target.token.encode("utf-8", "surrogateescape") in arrival.head:
        return "the caller's credential reached the upstream"
    for name, _ in arrival.headers:
        if flat(name).startswith(flat(target.family.encode())):
            return f"the caller's own {name.decode('latin-1')} reached the upstream"
    return ""


def _went_on(probe: Probe, answer: Answer, running: int) -> str:
    if probe.needs is Need.REVOKE and _is_served(answer) and answer.cut_after is None:
        return "the answer ran on"
    return "the upstream was still at work" if running > 0 else ""


def _how(answer: Answer, arrivals: Sequence[Arrival]) -> str:
    return "one reading only reached the upstream" if _is_served(answer) and arrivals else ""


def _is_served(answer: Answer) -> bool:
    return answer.status in OK or answer.status == SWITCHED


def flat(name: bytes) -> bytes:
    """Spell a header's name as servers do that hand headers on as variables: lower case, everything else as `-`."""
    return bytes(code if chr(code).isascii() and chr(code).isalnum() else ord("-") for code in name.lower())
