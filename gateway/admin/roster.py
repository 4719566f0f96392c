"""The workers as they reported themselves, as rows for people and scripts; pure. Ages are differences of instants on the store's clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gateway.admin.instants import write_instant
from gateway.errors import CommandError
from gateway.store.report import Report, decode_report

Row = dict[str, Any]

NEEDED: Final = frozenset({"model", "organisation", "refused"})
SILENT: Final = 6.0
"""Seconds without a report, which comes every two, after which a worker is shown as silent."""


def worker_rows(entries: Mapping[str, str], now: float, revision: int) -> list[Row]:
    """List every entry at `now` (the store's clock) beside the store's `revision`.

    `state` is `live`, `silent`, `gone` (silent for longer than it serves gated models without news) or `unreadable`.
    """
    return [_row(key, decode_report(told), now, revision) for key, told in sorted(entries.items())]


def limited_rows(entries: Mapping[str, str]) -> list[Row]:
    """List who reached its share lately, by model and organisation, refusals of all workers added up; the most refused first."""
    found: dict[tuple[str, str], Row] = {}
    for report in map(decode_report, entries.values()):
        told_rows = report.tally.get("limited") if report is not None else None
        for told in told_rows if isinstance(told_rows, list) else ():
            if not (isinstance(told, dict) and told.keys() >= NEEDED):
                continue  # of another version
            row = found.setdefault((told["model"], told["organisation"]), {**told, "refused": 0})
            row["refused"] += told["refused"]
    return sorted(found.values(), key=lambda row: (-row["refused"], row["model"], row["organisation"]))


def demand_terms(entries: Mapping[str, str], now: float, terms: str) -> None:
    """Refuse where a live worker's settings ask for other sign-offs or approvals than those named `terms`: CommandError.

    Whoever widens with settings that ask for less, or for what was asked for once, would be held to nothing.
    """
    reports = {key: decode_report(told) for key, told in sorted(entries.items())}
    for key, report in reports.items():
        if report is None or now - report.reported_at > SILENT:
            continue
        if report.tally.get("terms", terms) != terms:
            raise CommandError(
                f"the settings of {key} ask for other sign-offs or approvals (stages, approvals) than these: give the same (--config), or "
                "wait until it has read them. Nothing has changed."
            )


def agree(rows: Sequence[Row]) -> bool | None:
    """Say whether all live workers stand at one policy under one catalogue; None where none lives."""
    standing = {(row["revision"], row["digest"]) for row in rows if row["state"] == "live"}
    return len(standing) == 1 if standing else None


def _row(key: str, report: Report | None, now: float, revision: int) -> Row:
    if report is None:
        return {"worker": key, "state": "unreadable"}
    silent = max(0.0, now - report.reported_at)
    last = report.steps[0] if report.steps else None
    return {
        "worker": key,
        "state": "live" if silent <= SILENT else "silent" if silent <= report.expires_after else "gone",
        "store_up": report.up,
        "revision": report.revision,
        "behind": max(0, revision - report.revision),
        "fresh_s": None if report.through is None else max(0.0, now - report.through),
        "streams": report.streams,
        "applied_ms": None if last is None else last.applied_seconds * 1e3,
        "cut": None if last is None else last.cut,
        "applied_at": None if last is None else _date(last.applied_at),
        "last_cut_at": None if last is None or last.last_cut_at is None else _date(last.last_cut_at),
        "reported_s": silent,
        "started_at": _date(report.started_at),
        "host": report.host,
        "pid": report.pid,
        "version": report.version,
        "digest": report.digest,
    }


def _date(instant: float) -> str:
    return write_instant(datetime.fromtimestamp(instant, UTC))
