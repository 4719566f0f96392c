"""The figures for people at a terminal, plain in a pipe."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.outcome import Outcome
from bench.sheet import TEXT, Sheet
from bench.sheets import all_sheets


def show(outcome: Outcome, console: Console) -> None:
    """Print what there is."""
    console.print(heading(outcome), highlight=False)
    for sheet in all_sheets(outcome):
        console.print(_table(sheet))
    if outcome.duties.requests:
        did = outcome.duties
        console.print(f"The gate counted {did.requests:,.0f} requests, wrote {did.records:,.0f} records, lost {did.lost_records:,.0f}.")
    for refusal in outcome.refusals:
        console.print(f"[bold red]not reported[/] {escape(refusal)}", highlight=False)
    for failure in outcome.failures:
        console.print(f"[bold red]not measured[/] {escape(failure)}", highlight=False)


def heading(outcome: Outcome) -> str:
    """What was measured with what, where and when."""
    told = outcome.versions
    machine = f"{told['processor']}, {told['cores']} cores, Linux {told['kernel']}, commit {told['commit'] or 'unknown'}"
    names = ", ".join(f"{name} {version}" for name, version in told.items() if name not in {"processor", "cores", "kernel", "commit"})
    cores = f"server on core {outcome.cores.server}, load and upstream on core {outcome.cores.load}"
    return f"{outcome.command}   {outcome.started}, {outcome.seconds:.0f} s\n{machine}\n{names}\n{cores}"


def _table(sheet: Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", caption=sheet.note or None, caption_justify="left")
    for heading in sheet.heads:
        table.add_column(heading, justify="left" if heading in TEXT else "right")
    for row in sheet.rows:
        table.add_row(*row)
    return table
