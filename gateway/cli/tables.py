"""What a verb has found: a table for people, JSON for scripts, from the same rows."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]

WIDE_ENOUGH = 240


def show_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, title: str, nothing: str) -> None:
    """Print `rows` (each a mapping): all of them as JSON, or the named `columns` as a table; `nothing` says that there are none."""
    if as_json:
        show_json(rows)
    elif rows:
        _console().print(_table(rows, columns, title))
    else:
        print(nothing)


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


def _table(rows: Sequence[Row], columns: Sequence[str], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    return table


def _cell(value: object) -> str:
    match value:
        case None | "" | () | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(str, value))
        case Mapping():
            return ", ".join(f"{name} {_cell(inner)}" for name, inner in value.items()) or "{}"
        case float():
            return f"{value:.3f}"
        case _:
            return str(value)
