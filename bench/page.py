"""docs/performance.md: its figures between markers, written again from a run; what people wrote around them stays."""

import re
from pathlib import Path
from typing import Final

from bench.outcome import Outcome
from bench.problem import BenchError
from bench.report import heading
from bench.sheets import all_sheets

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = DOCS / "performance.md"
DATA: Final = DOCS / "performance" / "figures.json"
SAID: Final = 240
_BLOCK: Final = re.compile(r"<!-- figures: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def write_page(outcome: Outcome) -> None:
    """Fill the page and draw its plots. Raises BenchError for a marker that no figures belong to."""
    from bench.plots import draw  # noqa: PLC0415 - its library is wanted by nothing else

    draw(outcome, DATA.parent)
    PAGE.write_text(filled(PAGE.read_text(), figures_of(outcome)))


def figures_of(outcome: Outcome) -> dict[str, str]:
    """Give each block's text by its name."""
    found = {sheet.name: sheet.markdown for sheet in all_sheets(outcome)}
    found["setting"] = f"```\n{heading(outcome)}\n```"
    found["commands"] = "```\n" + "\n".join(f"{name}: {command}" for name, command in outcome.commands.items()) + "\n```"
    told = [f"- not reported: {refusal}" for refusal in outcome.refusals] + [f"- not measured: {failure}" for failure in outcome.failures]
    found["unreported"] = "\n".join(_short(line) for line in told) or "Every figure that was asked for is reported."
    return found


def _short(line: str) -> str:
    """What a program said of its end may be long."""
    line = " ".join(line.split())
    return line if len(line) <= SAID else f"{line[:SAID]}…"


def filled(page: str, figures: dict[str, str]) -> str:
    """Put figures between their markers; a block that this run has nothing for says so. Raises BenchError for a page without any."""
    blocks = _BLOCK.findall(page)
    if not blocks:
        raise BenchError("the page has no markers: <!-- figures: NAME --> ... <!-- end -->")
    return _BLOCK.sub(
        lambda found: f"<!-- figures: {found[1]} -->\n{figures.get(found[1], 'Not measured in this run.')}\n<!-- end -->", page
    )
