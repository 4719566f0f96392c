"""What runs, counted by model and organisation, and how much of it each directive in monitor mode would end; no attribute of anybody."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Final, Protocol

from gateway.policy.decision import Permit
from gateway.policy.snapshot import Snapshot

MOST: Final = 300
"""Rows told, the longest counts first: a report is bounded."""


class Held(Protocol):
    """A running exchange."""

    permit: Permit


def tally(
    groups: Iterable[tuple[str, str | None, Collection[Held]]], snapshot: Snapshot, limited: Iterable[dict[str, Any]] = (), terms: str = ""
) -> dict[str, Any]:
    """Count exchanges under way; each is looked at only while a directive is in monitor mode. `limited`: who reached a share, as rows.

    `terms`: the name of what this worker's settings ask of whoever widens the policy.
    """
    monitored = [directive.id for directive in snapshot.directives if not directive.enforce]
    rows = [_row(model, organisation, leases, look=bool(monitored)) for model, organisation, leases in groups]
    rows.sort(key=lambda row: (-row["streams"], row["model"], row["organisation"]))
    reached = sorted(limited, key=lambda row: -row["refused"])
    return {"running": rows[:MOST], "monitored": monitored[:MOST], "limited": reached[:MOST], "terms": terms}


def _row(model: str, organisation: str | None, leases: Collection[Held], *, look: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model, "organisation": organisation or "", "streams": len(leases)}
    if look:
        row["would_cut"] = dict(Counter(name for lease in leases for name in lease.permit.monitored))
    return row
