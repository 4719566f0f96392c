"""`gateway status`: what the store holds, and what each worker has applied of it; with `--wait`, once all have applied all."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any, Final

from gateway.admin.acknowledgement import Acknowledgement, Awaited
from gateway.admin.inventory import entry_counts, invalid_rows
from gateway.admin.roster import agree, limited_rows, worker_rows
from gateway.admin.session import open_policy
from gateway.admin.waiting import wait_for
from gateway.cli.changing import read_policy
from gateway.cli.options import add_store, optional_settings, store_section
from gateway.cli.tables import show_facts, show_json, show_rows
from gateway.cli.wait import add_wait, as_facts, verdict
from gateway.settings.shape import Settings, Store

Facts = dict[str, Any]


LIMITED: Final = ("model", "organisation", "refused", "requests", "per", "concurrent")
COLUMNS: Final = ("worker", "state", "store_up", "revision", "behind", "fresh_s", "streams", "applied_ms", "cut", "reported_s", "version")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `status` takes."""
    add_wait(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it; without a settings file only what needs none."""
    found = asyncio.run(_wait(store_section(arguments, optional_settings(arguments)), arguments.wait))
    facts = asyncio.run(_facts(arguments, optional_settings(arguments)))
    if arguments.json:
        show_json(facts | ({} if found is None else as_facts(found)))
    else:
        _show(facts)
    return 0 if found is None else verdict(found, arguments.wait, "what was written before")


def _show(facts: Facts) -> None:
    show_facts({name: value for name, value in facts.items() if name not in {"replicas", "invalid", "limited"}}, as_json=False)
    if facts.get("invalid"):
        show_rows(facts["invalid"], ("key", "field", "problem"), as_json=False, title="\nEntries that did not parse, and deny", nothing="")
    if facts["limited"]:
        show_rows(facts["limited"], LIMITED, as_json=False, title="\nWho reached a share lately", nothing="")
    print()
    show_rows(facts["replicas"], COLUMNS, as_json=False, title="Workers", nothing="No worker has reported.")


async def _wait(store: Store, seconds: float | None) -> Acknowledgement | None:
    """Wait until whatever was written before now is applied: edits by hand raise no revision that could be awaited."""
    if seconds is None:
        return None
    async with open_policy(store) as policy:
        return await wait_for(policy.reader, Awaited(await policy.reader.now()), seconds)


async def _facts(arguments: argparse.Namespace, settings: Settings | None) -> Facts:
    store = store_section(arguments, settings)
    facts, listed = await _stored(store)
    if settings is None:
        return facts
    snapshot = await read_policy(arguments, settings)
    return facts | {
        "revision": snapshot.revision,
        "digest": snapshot.digest,
        "initialised": snapshot.initialised,
        "entries": entry_counts(snapshot),
        "invalid": invalid_rows(snapshot),
        "lists_of_unknown_models": sorted(set(listed) - set(snapshot.grants)),
        "stages_of_unknown_models": sorted(snapshot.stages.keys() - snapshot.catalogue.keys()),
    }


async def _stored(store: Store) -> tuple[Facts, Sequence[str]]:
    async with open_policy(store) as policy:
        revision = await policy.reader.revision() or 0
        entries = await policy.reader.replicas()
        rows = worker_rows(entries, await policy.reader.now(), revision)
        listed = await policy.reader.allowlisted_models()
    facts = {"store": str(policy.address), "revision": revision, "workers_agree": agree(rows), "replicas": rows}
    return facts | {"limited": limited_rows(entries)}, listed
