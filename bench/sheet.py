"""A table of figures, for the terminal and for the page alike."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bench.figures import Figure

TEXT: Final = frozenset({"server", "remark", "edit", "step", "of", "aim", "algorithm", "what", "reached"})
"""Headings whose cells are read from the left."""


class Sheet(Struct, frozen=True):
    """Rows of cells under headings; `note` says what a reader must know. `name` is what a page calls it by."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @property
    def markdown(self) -> str:
        """The same as a table of a page, columns that say nothing left out."""
        kept = [at for at in range(len(self.heads)) if any(row[at] for row in self.rows)]
        lines = [_line([self.heads[at] for at in kept]), _line(["---" if self.heads[at] in TEXT else "---:" for at in kept])]
        lines += [_line([row[at] for at in kept]) for row in self.rows]
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def with_spread(figure: Figure, form: str) -> str:
    """Median, and half of the range."""
    return f"{figure.median:{form}} ±{figure.spread:.0%}"


def times(value: float | None, base: float | None) -> str:
    """How many times `base` it is; nothing where either is not known."""
    return f"{value / base:.2f}" if value and base else ""
