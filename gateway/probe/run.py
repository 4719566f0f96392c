"""Plays one probe after the other, so that whatever reaches the upstream belongs to the one that is played."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import structs

from gateway.errors import UnreachableError
from gateway.probe.answer import Answer
from gateway.probe.exchange import Manner, exchange
from gateway.probe.judge import judge
from gateway.probe.kinds.tokens import is_jwt
from gateway.probe.probe import Attempt, Must, Need, Probe, Then
from gateway.probe.recorder import Recorder
from gateway.probe.target import Target
from gateway.probe.verdict import Finding, Outcome, Verdict

BASE: Final = "chat"
LONGEST_SHOWN: Final = 300


async def play_all(probes: Sequence[Probe], target: Target, recorder: Recorder, manner: Manner) -> AsyncIterator[Finding]:
    """Play all of `probes`. Raises UnreachableError where the gateway does not even take the first connection."""
    served: dict[str, bool] = {}
    for number, probe in enumerate(probes):
        try:
            finding = await play(probe, target, recorder, manner)
        except UnreachableError as gone:
            if number == 0:
                raise
            finding = _finding(probe, target, None, Answer([]), recorder, Verdict(Outcome.BROKE, str(gone)))
        if probe.must is Must.PASS:
            served[probe.name] = finding.outcome is Outcome.HELD
        yield _scored(probe, finding, served)


async def play(probe: Probe, target: Target, recorder: Recorder, manner: Manner) -> Finding:
    """Play one probe and judge it, or say what it lacks."""
    if not can_play(probe, target):
        return _finding(probe, target, None, Answer([]), recorder, Verdict(Outcome.NOT_APPLICABLE, probe.needs.value))
    attempt = probe.make(target)
    for first in attempt.first:
        await exchange(target, Attempt(first), manner)
    recorder.forget()
    recorder.failing = probe.failing
    before = recorder.running  # of a gateway that leaves nothing, 0
    answer = await exchange(target, attempt, manner, recorder.forget)
    if probe.must is Must.END:
        await recorder.until(lambda upstream: upstream.running <= before, manner.within)
    else:
        await asyncio.sleep(manner.quiet)
    recorder.failing = False
    verdict = judge(probe, target, answer, recorder.arrivals, running=recorder.running - before)
    return _finding(probe, target, attempt, answer, recorder, verdict)


def can_play(probe: Probe, target: Target) -> bool:
    """Whether everything is there that `probe` needs."""
    match probe.needs:
        case Need.JWT:
            return is_jwt(target.token)
        case Need.SIGNER:
            return target.signer is not None
        case Need.PERMITTED:
            return bool(target.permitted)
        case Need.REVOKE:
            return target.may_revoke
        case Need.NOTHING:
            return True


def _scored(probe: Probe, finding: Finding, served: dict[str, bool]) -> Finding:
    """Take back what a gateway has neither merit nor fault in: holding, or breaking, on a route that it does not serve at all."""
    if probe.must is Must.PASS_OTHER:
        return finding
    if probe.must is Must.PASS:
        lenient = probe.name != BASE and finding.outcome is Outcome.NOT_SERVED
        return structs.replace(finding, outcome=Outcome.NOT_APPLICABLE) if lenient else finding
    if finding.outcome not in {Outcome.HELD, Outcome.BROKE}:
        return finding
    missing = next((name for name in (BASE, probe.control) if not served.get(name, False)), "")
    return structs.replace(finding, outcome=Outcome.NOT_APPLICABLE, why=f"not served here: {missing}") if missing else finding


def _finding(probe: Probe, target: Target, attempt: Attempt | None, answer: Answer, recorder: Recorder, verdict: Verdict) -> Finding:
    return Finding(
        kind=probe.kind,
        name=probe.name,
        hole=probe.hole,
        seen=probe.seen,
        must=probe.must.value,
        sent=_shown(attempt, target) if attempt else "",
        answer=str(answer) if attempt else "",
        reached=tuple(_without_secrets(arrival.line, target)[:LONGEST_SHOWN] for arrival in recorder.arrivals) if attempt else (),
        outcome=verdict.outcome,
        why=_without_secrets(verdict.why, target),
    )


def _shown(attempt: Attempt, target: Target) -> str:
    """Show what was sent without any credential: the start line, what it has besides the usual fields, the body's beginning."""
    head, _, body = attempt.sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    usual = (
        b"host: " + target.authority.encode(),
        b"connection: close",
        b"content-length: %d" % len(body),
        b"content-type: application/json",
    )
    odd = [line for line in lines if line.lower() not in usual and not _is_plain_credential(line, target)]
    shown = _without_secrets(b" \\ ".join((first, *odd, body, *attempt.frames)).decode("latin-1"), target)
    then = "" if attempt.then is Then.READ else f" \\ {attempt.then.value}"
    return shown[:LONGEST_SHOWN].encode("unicode_escape").decode() + then


def _without_secrets(text: str, target: Target) -> str:
    for secret in (target.token, target.permitted, _payload(target.token)):
        text = text.replace(secret, "<token>") if secret else text
    return text


def _payload(token: str) -> str:
    return token.split(".")[1] if is_jwt(token) else ""


def _is_plain_credential(line: bytes, target: Target) -> bool:
    return line.lower().startswith(target.header.lower().encode() + b":")
