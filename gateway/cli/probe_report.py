"""What a run of the probes has found: a table for people, JSON for scripts, a verdict for both."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.tables import show_json
from gateway.probe.recorder import Recorder
from gateway.probe.target import Target
from gateway.probe.verdict import Finding, Outcome

COLOURS: Final = {
    Outcome.HELD: "green",
    Outcome.SLIPPED: "bold red",
    Outcome.AMBIGUOUS: "yellow",
    Outcome.BROKE: "magenta",
    Outcome.NOT_SERVED: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
}
WIDE_ENOUGH: Final = 240
LONGEST_SENT: Final = 90


def show_findings(findings: Sequence[Finding], target: Target, recorder: Recorder, *, as_json: bool) -> None:
    """Print everything, and the count of each outcome."""
    if as_json:
        show_json(document(findings, target, recorder))
        return
    console = _console()
    console.print(_table(findings))
    console.print(_summary(findings, target))


def document(findings: Sequence[Finding], target: Target, recorder: Recorder) -> dict[str, Any]:
    """Give the whole run as one JSON object, without any credential."""
    return {
        "target": target.authority,
        "upstream": recorder.url,
        "allowed": target.allowed,
        "forbidden": target.forbidden,
        "held_all": all(finding.ok for finding in findings),
        "counts": {outcome.value: count for outcome, count in counts(findings).items()},
        "probes": [msgspec.to_builtins(finding) for finding in findings],
    }


def counts(findings: Sequence[Finding]) -> dict[Outcome, int]:
    """Count each outcome, in their order."""
    counted = Counter(finding.outcome for finding in findings)
    return {outcome: counted[outcome] for outcome in Outcome}


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="What was tried, and what came of it", title_justify="left")
    for column in ("probe", "sent", "answer", "reached the upstream", "outcome"):
        table.add_column(column, overflow="fold")
    kind = ""
    for finding in findings:
        if finding.kind != kind:
            kind = finding.kind
            table.add_row(Text(kind, "bold"), Text(finding.hole if kind != "control" else "", "dim"), end_section=False)
        outcome = Text(finding.outcome.value, COLOURS[finding.outcome])
        if finding.why:
            outcome.append(f": {finding.why}", "default")
        reached = "\n".join(finding.reached) or "-"
        table.add_row(Text(f"  {finding.name}"), Text(finding.sent[:LONGEST_SENT]), finding.answer or "-", Text(reached), outcome)
    return table


def _summary(findings: Sequence[Finding], target: Target) -> Text:
    counted = counts(findings)
    said = ", ".join(f"{count} {outcome.value}" for outcome, count in counted.items() if count)
    good = all(finding.ok for finding in findings)
    verdict = "Nothing slipped past." if good else "Not everything held."
    return Text(f"\n{target.authority}: {len(findings)} probes: {said}. {verdict}", "bold green" if good else "bold red")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=WIDE_ENOUGH, highlight=False)
