"""What verbs on the policy share: the catalogue of the settings, one reading of the store, one change in it."""

import argparse
import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final, cast

from msgspec import Struct

from gateway.admin.acknowledgement import Acknowledgement, Awaited
from gateway.admin.approval import propose
from gateway.admin.commands import Command, RemovePartner
from gateway.admin.edits import edits_of
from gateway.admin.releases import Terms, check_release
from gateway.admin.roster import demand_terms
from gateway.admin.service import Administration, Change
from gateway.admin.session import PolicySession, open_policy, read_snapshot
from gateway.admin.waiting import wait_for
from gateway.admin.widening import always_narrows, tells_more, widens
from gateway.cli.missing import holds, refuse_missing, replacing
from gateway.cli.options import operator, operator_proof, optional_settings, required_settings, store_section
from gateway.cli.tables import show_json
from gateway.cli.wait import as_facts, show_answers, verdict
from gateway.errors import CommandError, OvertakenError, StoreUnavailableError
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.provision import build_catalogue, country_groups, expand_for
from gateway.settings.shape import Settings
from gateway.settings.terms import terms_name
from gateway.store.codec import decode_grant
from gateway.store.edit import Condition
from gateway.store.keys import Keys
from gateway.store.reader import PolicyReader

ATTEMPTS: Final = 20
"""Times that a command is judged anew when others change the policy first."""


def catalogue_of(settings: Settings) -> Mapping[str, Model]:
    """Build the catalogue, by id and alias."""
    return build_catalogue(settings, country_groups(settings))


def terms_of(settings: Settings) -> Terms:
    """Say what every change is held to."""
    return Terms(settings.stages, settings.approvals.operators, expand_for(settings))


async def read_policy(arguments: argparse.Namespace, settings: Settings) -> Snapshot:
    """Read the store once, as a gate with these settings would."""
    return await read_snapshot(store_section(arguments, settings), catalogue_of(settings), expand_for(settings))


class Standing(Struct, frozen=True):
    """The policy as it stands when a change is planned on it, `now` by the store's clock; `stages` as they are stored.

    Judged by the clock of whoever types, a schedule could have come or a grant be over that on the gates is not.
    """

    snapshot: Snapshot
    keys: Keys
    stages: Mapping[bytes, bytes]
    now: datetime

    def unchanged(self, model: str) -> Condition:
        """Demand that the stage of the model is still as it was read."""
        return Condition(self.keys.models, model, self.stages.get(model.encode()))


class Planned(Struct, frozen=True):
    """A command made from the policy as it stands, what to say when it is done, and what must still hold then.

    `actor`: who has proved who it is; empty where nobody was asked to.
    """

    command: Command
    done: str
    conditions: tuple[Condition, ...] = ()
    actor: str = ""


Plan = Callable[[Standing], Planned]


def change(arguments: argparse.Namespace, command: Command | Plan, done: str) -> int:
    """Carry out one command and say so: `done` with the revision for people, revision and both values as JSON; wait if told to.

    A command that depends on the policy is made from it, and is refused where that has changed meanwhile.
    """
    return asyncio.run(_carry_out(arguments, command, done))


async def _carry_out(arguments: argparse.Namespace, given: Command | Plan, done: str) -> int:
    settings = optional_settings(arguments)
    expand = frozenset if settings is None else expand_for(settings)
    async with open_policy(store_section(arguments, settings), expand) as policy:
        for _ in range(ATTEMPTS):
            with contextlib.suppress(OvertakenError):
                return await _attempt(arguments, given, done, policy)
    raise CommandError(f"others changed the policy first, {ATTEMPTS} times: try again. Nothing has changed.")


async def _attempt(arguments: argparse.Namespace, given: Command | Plan, done: str, policy: PolicySession) -> int:
    """Judge the command by the policy as it stands, and make it if that still stands then."""
    stands = await _standing(arguments, policy) if callable(given) or await _may_widen(arguments, given, policy) else None
    planned = given(cast("Standing", stands)) if callable(given) else Planned(given, done)
    if stands is not None and widens(planned.command, stands.snapshot, stands.now.timestamp()):
        demand_terms(await policy.reader.replicas(), stands.now.timestamp(), terms_name(required_settings(arguments)))
    if stands is not None and _waits(arguments, planned.command, stands):
        refuse_missing(planned.command, holds(planned.command, stands.snapshot))
        return await _propose(arguments, planned, policy)
    at = None if stands is None else stands.snapshot.revision
    made = await Administration(policy.writer, policy.keys, planned.actor or operator()).carry_out(planned.command, planned.conditions, at)
    refuse_missing(planned.command, made.before is not None)
    return await tell(arguments, policy, made, f"{planned.done}{replacing(planned.command, made)}")


async def _standing(arguments: argparse.Namespace, policy: PolicySession) -> Standing:
    """Read it. The stages come last: what changes after the policy was read has another revision, and the command is judged anew."""
    snapshot = await read_policy(arguments, required_settings(arguments))
    stages = await cast("Awaitable[dict[bytes, bytes]]", policy.client.hgetall(policy.keys.models))
    return Standing(snapshot, policy.keys, stages, datetime.fromtimestamp(await policy.reader.now(), UTC))


async def _may_widen(arguments: argparse.Namespace, command: Command, policy: PolicySession) -> bool:
    """Say whether the command has to be judged by the policy: what may widen is never given without it, and without the settings."""
    if not always_narrows(command):
        return True
    settings = optional_settings(arguments)
    if settings is None or not settings.approvals.widening or not isinstance(command, RemovePartner):
        return False
    held = await cast("Awaitable[bytes | None]", policy.client.hget(policy.keys.allowlist(command.model), command.organisation))
    return held is not None and tells_more(decode_grant(held, expand_for(settings))[0])


def _waits(arguments: argparse.Namespace, command: Command, stands: Standing) -> bool:
    """Hold the command to what releases ask for; say whether it waits for a second operator."""
    settings, now = required_settings(arguments), stands.now.timestamp()
    check_release(edits_of(command, stands.keys), stands.snapshot, stands.keys, now, terms_of(settings))
    return settings.approvals.widening and widens(command, stands.snapshot, now)


async def _propose(arguments: argparse.Namespace, planned: Planned, policy: PolicySession) -> int:
    approvals = required_settings(arguments).approvals
    edits = edits_of(planned.command, policy.keys)
    content = await propose(policy, approvals, edits, planned.conditions, *operator_proof(), planned.command.reason)
    if arguments.json:
        show_json({"pending": content.name, "until": _when(content.until)})
    else:
        print(f"waits for a second operator until {_when(content.until)}: gateway approve {content.name}")
    return 0 if arguments.wait is None else 1


async def tell(arguments: argparse.Namespace, policy: PolicySession, made: Change, done: str) -> int:
    """Say what was changed, and wait for the workers if told to: the exit code."""
    if not arguments.json:
        print(f"{done} (revision {made.revision})", flush=True)
    found = None
    if arguments.wait is not None and made.written_at is not None:
        found = await _wait(policy.reader, Awaited(made.written_at, made.revision), arguments.wait)
    if arguments.json:
        facts = {"revision": made.revision, "before": shown(made.before), "after": shown(made.after), "written_at": _when(made.written_at)}
        show_json(facts | ({} if found is None else as_facts(found)))
    elif found is not None:
        show_answers(found)
    return 0 if found is None else verdict(found, arguments.wait, f"revision {made.revision}")


async def _wait(reader: PolicyReader, awaited: Awaited, seconds: float) -> Acknowledgement:
    try:
        return await wait_for(reader, awaited, seconds)
    except StoreUnavailableError as lost:
        raise StoreUnavailableError(f"revision {awaited.revision} is written; who has applied it cannot be told: {lost}") from None
    except CommandError as wrong:
        raise CommandError(f"revision {awaited.revision} is written; who has applied it cannot be told: {wrong}") from None


def _when(instant: float | None) -> str | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(stored: bytes | str | None) -> object:
    """Show a stored value as JSON, as text where somebody has typed in something else, as None where there is none."""
    text = stored.decode("utf-8", "backslashreplace") if isinstance(stored, bytes) else stored
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
