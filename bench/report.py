"""The figures for people: tables on the terminal, plain in a pipe."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.figures import Distribution, Figure
from bench.outcome import Outcome
from bench.requests import RequestFigures
from bench.streams import EventFigures, MemoryFigures

YARDSTICK = "aiohttp"
"""The peer that the others are compared with."""


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
    for cut in outcome.cuts:
        way = "raw HDEL" if cut.way == "HDEL" else "the tools' writer"
        streams = "the stream" if cut.streams == 1 else f"each of {cut.streams:,} streams"
        table.add_row(way, f"the last byte of {streams}", *_milliseconds(cut.last_byte))
        table.add_row("", f"the end of {streams}", *_milliseconds(cut.end))
    return table


def _milliseconds(found: Distribution) -> Iterable[str]:
    return f"{found.p50:.2f}", f"{found.p99:.2f}", f"{found.greatest:.2f}", f"{found.count:,}"


def _with_spread(figure: Figure, form: str) -> str:
    return f"{figure.median:{form}} ±{figure.spread:.0%}"


def _times(figure: Figure | None, base: Figure | None) -> str:
    return f"{figure.median / base.median:.2f}x" if figure and base else ""
