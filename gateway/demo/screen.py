"""How the walk looks: in colour and with room on a terminal, one plain line a step in a pipe."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from gateway.demo.scene import Scene
from gateway.demo.steps import GATED, OPEN, PARTNER
from gateway.demo.walk import Step

OPENING: Final = """\
[bold]A gate in front of a model API[/bold]
who asks, for which model, from where, under whose authority: to the last byte of the stream"""


class Screen:
    """Writes to `console`, whose nature (terminal or pipe) decides the form."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def opening(self, scene: Scene) -> None:
        """Say what stands where."""
        if self._console.is_terminal:
            self._console.print(Panel(OPENING, border_style="cyan", expand=False))
        self._print(f"[dim]gate {scene.proxy_url} · admin {scene.admin_url} · upstream {scene.upstream.url}[/dim]\n")

    def step(self, step: Step) -> None:
        """Show one step as it is done."""
        mark = "[bold green]✔[/bold green]" if step.ok else "[bold red]✘[/bold red]"
        if not self._console.is_terminal:
            mark = "ok    " if step.ok else "FAILED"
        figures = f"  [cyan]{escape(step.figures)}[/cyan]" if step.figures else ""
        self._print(f"{mark} {escape(step.title)}")
        self._print(f"    [dim]→[/dim] [bold]{escape(step.came)}[/bold]{figures}")
        if not step.ok:
            self._print(f"    [red]expected: {escape(step.expected)}[/red]")
        for line in step.details:
            self._print(f"    [dim]{escape(line)}[/dim]")

    def verdict(self, steps: Sequence[Step]) -> None:
        """Say how many came out as said."""
        good = sum(step.ok for step in steps)
        colour = "green" if good == len(steps) else "red"
        self._print(f"\n[bold {colour}]{good} of {len(steps)} steps came out as said[/bold {colour}]")

    def invitation(self, scene: Scene, config: str) -> None:
        """Print what to try next, ready to paste."""
        self._print("\n[bold]It stays up. Paste into another terminal:[/bold]  [dim](Ctrl-C ends it)[/dim]\n")
        for title, lines in _suggestions(scene, config):
            self._print(f"[dim]# {title}[/dim]")
            self._print("\n".join(map(escape, lines)) + "\n")

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _suggestions(scene: Scene, config: str) -> list[tuple[str, list[str]]]:
    mint = f".venv/bin/gateway token mint --org {PARTNER} --nationality DE --issuer-key {scene.issuer.key_file}"
    ask = f"""'{{"model":"{GATED}","max_tokens":200,"stream":true,"messages":[{{"role":"user","content":"What is a gate?"}}]}}'"""
    headers = '-H "authorization: Bearer $TOKEN" -H "cf-ipcountry: DE"'
    verb = f".venv/bin/gateway partner {{}} {PARTNER} --model {GATED} --config {config}"
    return [
        ("a token of the demo issuer", [f"TOKEN=$({mint})"]),
        ("what this caller may use", [f"curl -s {headers} {scene.proxy_url}/v1/models"]),
        ("a stream through the gate", [f"curl -sN {headers} -d {ask} {scene.proxy_url}/v1/chat/completions"]),
        ("take the partner off the list while it runs, and put it back", [verb.format("remove"), verb.format("add")]),
        ("who changed what; what the gate has applied", [f".venv/bin/gateway {what} --config {config}" for what in ("changes", "status")]),
        ("why (nothing is sent upstream)", [f".venv/bin/gateway explain --token $TOKEN --model {GATED} --config {config}"]),
        (f"the metrics ({OPEN} is the model that is not gated)", [f"curl -s {scene.admin_url}/metrics | grep ^gateway_"]),
    ]
