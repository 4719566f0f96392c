"""`gateway status`: what the store holds, and what each worker has applied of it."""

import argparse
import asyncio
import json
from typing import Any

from gateway.admin.inventory import entry_counts, invalid_rows
from gateway.admin.session import open_policy
from gateway.cli.options import add_store, optional_settings, store_section
from gateway.cli.policy import read_policy
from gateway.cli.tables import show_facts, show_json, show_rows
from gateway.settings.shape import Settings, Store

Facts = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `status` takes."""
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it; without a settings file only what needs none."""
    facts = asyncio.run(_facts(arguments, optional_settings(arguments)))
    if arguments.json:
        show_json(facts)
        return 0
    show_facts({name: value for name, value in facts.items() if name not in {"replicas", "invalid"}}, as_json=False)
    if facts.get("invalid"):
        show_rows(facts["invalid"], ("key", "field", "problem"), as_json=False, title="\nEntries that did not parse, and deny", nothing="")
    columns = list(dict.fromkeys(name for replica in facts["replicas"] for name in replica))
    print()
    show_rows(facts["replicas"], columns, as_json=False, title="Workers", nothing="No worker has reported.")
    return 0


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
    }


async def _stored(store: Store) -> tuple[Facts, tuple[str, ...]]:
    async with open_policy(store) as policy:
        revision = await policy.reader.revision()
        replicas = await policy.reader.replicas()
        listed = await policy.reader.allowlisted_models()
    reports = [_replica(worker, told) for worker, told in sorted(replicas.items())]
    return {"store": str(policy.address), "revision": revision or 0, "replicas": reports}, listed


def _replica(worker: str, told: str) -> Facts:
    try:
        facts = json.loads(told)
    except ValueError:
        facts = None
    return {"worker": worker} | (facts if isinstance(facts, dict) else {"problem": "unreadable report"})
