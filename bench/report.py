"""The figures for people: tables on the terminal, plain in a pipe."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.cuts import CutFigures
from bench.figures import Distribution, Figure
from bench.outcome import Outcome
from bench.requests import RequestFigures
from bench.streams import EventFigures, MemoryFigures
from bench.watchman import disturbance

YARDSTICK = "aiohttp"
"""The peer that the others are compared with."""
CALM_LOAD = 0.5
"""Share of its core up to which the load side of the streams surely keeps up."""


def show(outcome: Outcome, console: Console) -> None:
    """Print what there is."""
    console.print(_heading(outcome))
    if outcome.requests:
        console.print(_requests(outcome.requests))
    if outcome.events:
        console.print(_events(outcome.events))
    if outcome.memory:
        console.print(_memory(outcome.memory))
    if outcome.edits:
        console.print(_revocation(outcome))
    if outcome.cuts:
        console.print(_cuts(outcome.cuts))
    if outcome.duties.requests:
        did = outcome.duties
        console.print(f"The gate counted {did.requests:,.0f} requests, wrote {did.records:,.0f} records, lost {did.lost_records:,.0f}.")
    for refusal in outcome.refusals:
        console.print(f"[bold red]not reported[/] {refusal}", highlight=False)
    for failure in outcome.failures:
        console.print(f"[bold red]not measured[/] {escape(failure)}", highlight=False)


def _heading(outcome: Outcome) -> str:
    told = outcome.versions
    machine = f"{told['processor']}, {told['cores']} cores, Linux {told['kernel']}, commit {told['commit'] or 'unknown'}"
    names = ", ".join(f"{name} {told[name]}" for name in ("python", "uvloop", "httptools", "aiohttp", "nginx", "wrk"))
    cores = f"server on core {outcome.cores.server}, load and upstream on core {outcome.cores.load}"
    return f"{outcome.command}   {outcome.started}, {outcome.seconds:.0f} s\n{machine}\n{names}\n{cores}"


def _requests(found: Sequence[RequestFigures]) -> Table:
    table = Table(title="Requests: POST of 1 KB, answer of 0.6 KB, keep-alive (medians, half the range)", title_justify="left")
    for heading in ("server", "connections", "requests/s", "", "CPU us/request", "p50 ms", "p99 ms", "server core", "load core", "remark"):
        table.add_column(heading, justify="left" if heading in {"server", "remark"} else "right")
    for one in found:
        base = next((other.rate for other in found if other.peer == YARDSTICK and other.connections == one.connections), None)
        ratio = "" if one.peer == "direct" else _times(one.rate, base)
        cpu = "-" if one.peer == "direct" else _with_spread(one.cpu_microseconds, ".1f")
        rate = _with_spread(one.rate, ",.0f") if one.rate else "not reported"
        latency = (f"{one.p50_milliseconds.median:.2f}", f"{one.p99_milliseconds.median:.2f}")
        busy = (f"{one.server_busy:.0%}", f"{one.load_busy:.0%}")
        table.add_row(one.peer, str(one.connections), rate, ratio, cpu, *latency, *busy, one.remark)
    return table


def _events(found: Sequence[EventFigures]) -> Table:
    table = Table(title=f"Streams: CPU per relayed event, {found[0].streams} streams", title_justify="left")
    for heading in ("server", "events/s", "CPU us/event", "", "server core", "remark"):
        table.add_column(heading, justify="left" if heading in {"server", "remark"} else "right")
    base = next((one.cpu_microseconds for one in found if one.peer == YARDSTICK), None)
    for one in found:
        cost = _with_spread(one.cpu_microseconds, ".1f") if one.cpu_microseconds else "not reported"
        share = _times(one.cpu_microseconds, base)
        table.add_row(one.peer, f"{one.events_per_second:,.0f}", cost, share, f"{one.server_busy:.0%}", one.remark)
    return table


def _memory(found: Sequence[MemoryFigures]) -> Table:
    table = Table(title="Memory: the server process, bytes per open stream (without the kernel's buffers)", title_justify="left")
    counts = [f"{count:,} streams" for count, _ in found[0].per_stream]
    for heading in ("server", "resting", *counts, "remark"):
        table.add_column(heading, justify="left" if heading in {"server", "remark"} else "right")
    for one in found:
        cells = (f"{size / 1024:.1f} KB" for _, size in one.per_stream)
        table.add_row(one.peer, f"{one.resting / 1048576:.0f} MB", *cells, one.remark)
    return table


def _revocation(outcome: Outcome) -> Table:
    table = Table(title="From an edit in the store to its effect, milliseconds", title_justify="left")
    for heading in ("edit", "until", "p50", "p99", "max", "measured"):
        table.add_column(heading, justify="left" if heading in {"edit", "until"} else "right")
    for edit in outcome.edits:
        table.add_row(f"raw {edit.edit}", "the first decision by it is answered", *_milliseconds(edit.effect))
    return table


def _cuts(found: Sequence[CutFigures]) -> Table:
    table = Table(
        title="Revocation under running streams, milliseconds: from the edit to the last byte of each revoked stream;\n"
        "the worst added pause of the others (median / max of the repeats) around the edit, and before it;\n"
        "by the gate's metric: mean (and 99 of 100 within)",
        title_justify="left",
    )
    for heading in ("streams", "revoked", "edit"):
        table.add_column(heading, justify="left", no_wrap=True)
    for heading in ("p50", "p99", "max", "end p99", "by its metric", "pause", "calm pause", "gate core", "load core", "times"):
        table.add_column(heading, justify="right")
    table.add_column("remark")
    for cut in found:
        table.add_row(
            f"{cut.streams:,}" + (f" / {cut.workers} workers" if cut.workers > 1 else ""),
            f"{cut.revoked:,}",
            _edit(cut),
            *(f"{value:.1f}" for value in (cut.last_byte.p50, cut.last_byte.p99, cut.last_byte.greatest, cut.end.p99)),
            f"{cut.swept.mean_milliseconds:.1f} (≤ {cut.swept.p99_bound_milliseconds:.0f})",
            *(_pause(pause) for pause in (cut.pause, cut.calm_pause)),
            *(f"{max(shares):.0%}" for shares in ([one.server_cpu for one in cut.shares], [one.load_cpu for one in cut.shares])),
            f"{cut.counted} of {cut.repeats}",
            _remark(cut),
        )
    return table


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


def _milliseconds(found: Distribution) -> Iterable[str]:
    return f"{found.p50:.2f}", f"{found.p99:.2f}", f"{found.greatest:.2f}", f"{found.count:,}"


def _with_spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ±{figure.spread:.0%}"


def _times(figure: Figure | None, base: Figure | None) -> str:
    return f"{figure.median / base.median:.2f}x" if figure and base else ""
