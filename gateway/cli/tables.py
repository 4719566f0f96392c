"""What a verb has found: a table for people, JSON for scripts, from the same rows.

On a terminal columns that say nothing are left out, and a table that has no room is shown row by row: no name is folded.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]

NOTHING: Final = "-"
UNBOUNDED: Final = 100_000
WIDE_ENOUGH: Final = 240


def show_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, title: str, nothing: str) -> None:
    """Print `rows` (each a mapping): all of them as JSON, or the named `columns` as a table; `nothing` says that there are none."""
    if as_json:
        show_json(rows)
    elif rows:
        write_rows(_console(), rows, columns, title)
    else:
        print(nothing)


def write_rows(console: Console, rows: Sequence[Row], columns: Sequence[str], title: str) -> None:
    """Write a table; in a pipe with every column, on a terminal as there is room."""
    if not console.is_terminal:
        console.print(_table(rows, columns, title))
        return
    said = [column for column in columns if any(_cell(row.get(column)) != NOTHING for row in rows)]
    table = _table(rows, said, title)
    table.box = box.SIMPLE_HEAD
    if Measurement.get(console, console.options.update(max_width=UNBOUNDED), table).maximum <= console.width:
        console.print(table)
    else:
        console.print(Text(title, style="italic"), *(_record(row, said) for row in rows), sep="\n\n", soft_wrap=True)


def show_json(value: object) -> None:
    """Print one JSON document, indented, in the order of the fields."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_facts(facts: Row, *, as_json: bool) -> None:
    """Print one mapping: as JSON, or a line for each fact."""
    if as_json:
        show_json(facts)
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")


def _console() -> Console:
    """Give a console that never folds a column away when a script reads it."""
    return Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else WIDE_ENOUGH, highlight=False)


def _record(row: Row, columns: Sequence[str]) -> Text:
    """Write one row as a line for each column that says something."""
    width = max(map(len, columns))
    cells = ((column, _cell(row.get(column))) for column in columns)
    return Text("\n").join(
        Text.assemble((f"{column.replace('_', ' '):<{width}}", "bold"), f"  {cell}") for column, cell in cells if cell != NOTHING
    )


def _table(rows: Sequence[Row], columns: Sequence[str], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    return table


def _cell(value: object) -> str:
    match value:
        case None | "" | () | []:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case list() | tuple() | set() | frozenset():
            return ", ".join(_harmless(str(inner)) for inner in value)
        case Mapping():
            return ", ".join(f"{_harmless(str(name))} {_cell(inner)}" for name, inner in value.items()) or "{}"
        case float():
            return f"{value:.3f}"
        case _:
            return _harmless(str(value))


def _harmless(text: str) -> str:
    """Show control characters, and do not send them: whoever may write into the store must not steer an operator's terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode() for letter in text)
