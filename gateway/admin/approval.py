"""Two persons: who widens the policy asks, and another operator approves exactly that."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

import msgspec

from gateway.admin.edits import is_a_commands
from gateway.admin.operators import Proof, holds, prove
from gateway.admin.pending import Approved, Content, Pending, content_of, digest, read_pending
from gateway.admin.session import PolicySession
from gateway.errors import CommandError
from gateway.settings.approval_shape import Approvals
from gateway.store.edit import Condition, Edit
from gateway.store.writer import Change

AHEAD: Final = 60.0
"""Seconds that a request may be ahead of the store's clock, should that have been set back since."""

Judge = Callable[[Sequence[Edit]], Awaitable[int]]


async def propose(
    policy: PolicySession,
    approvals: Approvals,
    edits: Sequence[Edit],
    conditions: Sequence[Condition],
    name: str,
    secret: bytes,
    why: str,
) -> Content:
    """Leave a change for somebody else to approve; the first of the two has to prove who he is, too."""
    befores = [await _held(policy, edit.key, edit.field) for edit in edits]
    for condition in conditions:
        if await _held(policy, condition.key, condition.field) != condition.value:
            raise CommandError(f"{condition.field!r} in {condition.key} has changed meanwhile: look at it again. Nothing has changed.")
    content = content_of(edits, befores, name, why, await policy.reader.now(), approvals.valid_for)
    proof = prove(name, secret, approvals.operators, content.statement("propose"))
    if not holds(proof, approvals.operators, content.statement("propose")):
        raise CommandError(f"operator {name!r} shows a token, which nobody can check afterwards: who asks needs a key (public_key).")
    entry = msgspec.json.encode(Pending(content, proof))
    await policy.writer.carry_out((Edit("change.propose", policy.keys.pending, content.name, entry),), f"{name} (authenticated)", why)
    return content


async def approve(policy: PolicySession, approvals: Approvals, change: str, name: str, secret: bytes, judge: Judge) -> tuple[Change, ...]:
    """Make a change that waits. CommandError where it has expired, is one's own, was altered, or no longer replaces what it would have.

    `judge` holds its edits to the policy as it is now, and tells the revision of that: an approval stands in for no sign-off.
    """
    raw = await _held(policy, policy.keys.pending, change)
    if raw is None:
        raise CommandError(f"no change {change!r} waits: see `gateway approve`.")
    pending = read_pending(change, raw)
    content, asked = pending.content, pending.proof
    approved = prove(name, secret, approvals.operators, content.statement("approve"))
    _judge(content, asked, approvals, name, await policy.reader.now())
    if strange := [edit.what for edit in content.edits if not is_a_commands(edit, policy.keys)]:
        raise CommandError(f"{change} asks for what no command makes ({strange[0]!r}): withdraw it. Nothing has changed.")
    conditions = [Condition(policy.keys.pending, change, raw, spent=True)]
    for step in content.steps:
        held = await _held(policy, step.key, step.field)
        if digest(held) != step.before:
            raise CommandError(f"{step.field!r} in {step.key} has changed since {change} was asked for: ask again. Nothing has changed.")
        conditions.append(Condition(step.key, step.field, held))
    who = f"{asked.operator} (authenticated), approved by {name} (authenticated)"
    at = await judge(content.edits)
    proof = msgspec.json.encode(Approved(content, asked, approved)).decode()
    return await policy.writer.carry_out(content.edits, who, content.why, conditions, at=at, proof=proof)


def _judge(content: Content, asked: Proof, approvals: Approvals, name: str, now: float) -> None:
    if asked.operator != content.who or not holds(asked, approvals.operators, content.statement("propose")):
        raise CommandError(f"nobody whom the settings know has asked for {content.name}. Nothing has changed.")
    if asked.operator == name:
        raise CommandError(f"{content.name} was asked for by {name}: another operator has to approve it. Nothing has changed.")
    if content.at > now + AHEAD:
        raise CommandError(f"{content.name} is dated ahead of the store's clock, so that it would wait too long. Nothing has changed.")
    if now >= content.expires(approvals.valid_for):
        raise CommandError(f"{content.name} has expired: ask for it again. Nothing has changed.")


async def _held(policy: PolicySession, key: str, name: str) -> bytes | None:
    found: Any = await cast("Awaitable[Any]", policy.client.hget(key, name))
    return cast("bytes | None", found)
