"""How the walk looks: in colour and with room on a terminal, one plain line a step in a pipe."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from gateway.demo.scene import Scene
from gateway.demo.steps import GATED, OPEN, PARTNER
from gateway.demo.walk import Step

OPENING: Final = """\
[bold]A gate in front of a model API[/bold]
who asks, for which model, from where, under whose authority: to the last byte of the stream"""

INDENT: Final = 2
REFUSALS: Final = ("401", "403", "cut")


class Screen:
    """Writes to `console`, whose nature (terminal or pipe) decides the form."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def opening(self, scene: Scene) -> None:
        """Say what stands where."""
        if self._console.is_terminal:
            self._console.print(Panel(OPENING, border_style="cyan", expand=False))
        self._wrap(f"[dim]gate {scene.proxy_url} · admin {scene.admin_url} · upstream {scene.upstream.url}[/dim]")
        self._print("")

    def step(self, step: Step) -> None:
        """Show one step as it is done."""
        if self._console.is_terminal:
            first, *others = _in_colour(step)
            self._wrap(first)
            for line in others:
                self._wrap(line, INDENT)
        else:
            self._print(escape("\n".join(_plain(step))))

    def verdict(self, steps: Sequence[Step]) -> None:
        """Say how many came out as said."""
        good = sum(step.ok for step in steps)
        colour = "green" if good == len(steps) else "red"
        self._print(f"\n[bold {colour}]{good} of {len(steps)} steps came out as said[/bold {colour}]")

    def invitation(self, scene: Scene, command: str, config: str, log: Path) -> None:
        """Print what to try next, ready to paste; `command` is how this program is called, `log` where the gate's log goes."""
        self._print("\n[bold]It stays up. Paste into another terminal:[/bold]  [dim](Ctrl-C ends it)[/dim]\n")
        for title, lines in _suggestions(scene, command, config, log):
            self._print(f"[dim]# {title}[/dim]")
            self._print("\n".join(map(escape, lines)) + "\n")

    def _wrap(self, text: str, indent: int = 0) -> None:
        """Print between words as there is room; a pipe has room for everything."""
        if self._console.is_terminal:
            self._console.print(Padding(Text.from_markup(text), (0, 0, 0, indent)), highlight=False)
        else:
            self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _in_colour(step: Step) -> list[str]:
    mark = "[bold green]✔[/bold green]" if step.ok else "[bold red]✘[/bold red]"
    colour = ("yellow" if step.came.startswith(REFUSALS) else "green") if step.ok else "red"
    lines = [f"{mark} {escape(step.title)}", f"[dim]→[/dim] [{colour}]{escape(step.came)}[/{colour}]"]
    if step.figures:
        lines[1] += f"  [cyan]{escape(step.figures)}[/cyan]"
    if not step.ok:
        lines.append(f"[red]expected: {escape(step.expected)}[/red]")
    return lines + [f"[dim]{escape(line)}[/dim]" for line in step.details]


def _plain(step: Step) -> list[str]:
    figures = f" ({step.figures})" if step.figures else ""
    expected = "" if step.ok else f"; expected {step.expected}"
    first = f"{'ok' if step.ok else 'FAILED':<7}{step.title}: {step.came}{figures}{expected}"
    return [first, *(f"       {line}" for line in step.details)]


def _suggestions(scene: Scene, command: str, config: str, log: Path) -> list[tuple[str, list[str]]]:
    mint = f"{command} token mint --org {PARTNER} --nationality DE --issuer-key {os.path.relpath(scene.issuer.key_file)}"
    ask = f"""'{{"model":"{GATED}","max_tokens":400,"stream":true,"messages":[{{"role":"user","content":"What is a gate?"}}]}}'"""
    json = '-H "content-type: application/json"'
    headers = f'-H "authorization: Bearer $TOKEN" -H "{scene.settings.listen.proxy.country_header}: DE"'
    verb = f"{command} partner {{}} {PARTNER} --model {GATED} --config {config}"
    return [
        ("a token of the demo issuer", [f"TOKEN=$({mint})"]),
        ("what this caller may use", [f"curl -s {headers} {scene.proxy_url}/v1/models"]),
        ("a stream through the gate", [f"curl -sN {headers} {json} -d {ask} {scene.proxy_url}/v1/chat/completions"]),
        ("take the partner off the list while it runs, then put it back", [verb.format("remove"), verb.format("add")]),
        ("who changed what, and what the gate has applied", [f"{command} {what} --config {config}" for what in ("changes", "status")]),
        ("why? nothing is sent upstream", [f"{command} explain --token $TOKEN --model {GATED} --country KP --config {config}"]),
        ("what the gate itself logs", [f"tail {os.path.relpath(log)}"]),
        (f"the metrics ({OPEN} is the model that is not gated)", [f"curl -s {scene.admin_url}/metrics | grep ^gateway_"]),
    ]
