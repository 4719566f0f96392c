"""From an edit to its effect on decisions and on running streams."""

from bench.cuts import CutFigures
from bench.figures import Distribution
from bench.outcome import Outcome
from bench.sheet import Sheet
from bench.watchman import disturbance

CALM_LOAD = 0.5
"""Share of its core up to which the load side of the streams surely keeps up."""


def revocation_sheets(outcome: Outcome) -> list[Sheet]:
    """Edits and cuts."""
    return [_edits(outcome), _cuts(outcome)]


def _edits(outcome: Outcome) -> Sheet:
    told = ((one.edit, one.effect) for one in outcome.edits)
    rows = tuple((name, f"{of.p50:.2f}", f"{of.p99:.2f}", f"{of.greatest:.2f}", f"{of.count:,}") for name, of in told)
    note = "Milliseconds from the write in the store to the first answer that was decided by it, request and answer included."
    return Sheet("edits", "From an edit to the next decision", ("edit", "p50", "p99", "greatest", "times"), rows, note)


def _cuts(outcome: Outcome) -> Sheet:
    heads = ("streams", "revoked", "edit", "p50", "p99", "greatest", "end p99", "by its metric", "pause", "calm pause", "times", "remark")
    note = (
        "Milliseconds from the edit to the last byte of each revoked stream on its reader's socket; the worst added pause of the others "
        "(median / greatest of the repeats) around the edit, and before it; by the gate's metric: mean (and 99 of 100 within)."
    )
    return Sheet("cuts", "Revocation under running streams", heads, tuple(_row(cut) for cut in outcome.cuts), note)


def _row(cut: CutFigures) -> tuple[str, ...]:
    return (
        f"{cut.streams:,}" + (f" / {cut.workers} workers" if cut.workers > 1 else ""),
        f"{cut.revoked:,}",
        _edit(cut),
        *(f"{value:.1f}" for value in (cut.last_byte.p50, cut.last_byte.p99, cut.last_byte.greatest, cut.end.p99)),
        f"{cut.swept.mean_milliseconds:.1f} (≤ {cut.swept.p99_bound_milliseconds:.0f})",
        *(_pause(pause) for pause in (cut.pause, cut.calm_pause)),
        f"{cut.counted} of {cut.repeats}",
        _remark(cut),
    )


def _edit(cut: CutFigures) -> str:
    whole = cut.revoked == cut.streams > 1
    raw = "HSET stage" if whole else "HDEL grant"
    return f"raw {raw}" if cut.way == "raw" else f"tool, {'stage' if whole else 'grant'}"


def _remark(cut: CutFigures) -> str:
    """Say where the load may have been the limit, who else was busy, and how many streams did not fit."""
    load = max(one.load_cpu for one in cut.shares)
    remarks = (
        f"upstream and readers used {load:.0%} of their core" if load > CALM_LOAD else "",
        disturbance(cut.shares).replace("others used up to", "others"),
        f"not {cut.wanted:,} streams: open files are limited" if cut.streams < cut.wanted else "",
    )
    return "; ".join(filter(None, remarks))


def _pause(found: Distribution | None) -> str:
    return f"{found.p50:.1f} / {found.greatest:.1f}" if found is not None else ""
