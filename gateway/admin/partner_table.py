"""Allowlists as a table: CSV, spelled as the YAML that has the same lines, and back; pure."""

import csv
import io
import math
from typing import Any, Final

import msgspec

from gateway.errors import CommandError
from gateway.settings.problems import Problem, settings_error

COLUMNS: Final = (
    *("model", "organisation", "from", "until", "evaluator", "covers_foreign_persons", "waive", "authority", "ownership"),
    "reason",
)


def as_yaml(text: str, file: str) -> str:
    """Spell CSV as YAML on the same lines, so that there is one reading, and mistakes are named by the line of the table."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        head = _head(next(reader, []))
        lines = ["partners:"]
        for cells in reader:
            lines += [""] * (reader.line_num - len(lines) - 1)
            if any(map(str.strip, cells)):
                lines.append("- " + msgspec.json.encode(_unflat(_told(head, cells))).decode())
    except csv.Error as error:
        raise settings_error(file, [Problem("", f"not readable as CSV: {error}", max(reader.line_num, 1))]) from None
    except ValueError as error:
        raise settings_error(file, [Problem("", str(error), max(reader.line_num, 1))]) from None
    return "\n".join(lines) if any(lines[1:]) else "partners: []"


def flat(entry: dict[str, Any]) -> dict[str, str]:
    """Spell one entry as cells; CommandError where it has what no cell has a place for."""
    for name in ("conditions", "limits"):
        if entry.get(name):
            raise CommandError(
                f"the grant of {entry['organisation']!r} on {entry['model']!r} has {name}, for which CSV has no place. Use YAML."
            )
    plain = {name: str(value) for name, value in entry.items() if name not in {"waive", "ownership", "evaluator", "covers_foreign_persons"}}
    plain["waive"] = " ".join(entry.get("waive", ()))
    plain["ownership"] = " ".join(f"{one['country']}:{one['percent']:.15g}" for one in entry.get("ownership", ()))
    return plain | {name: "true" for name in ("evaluator", "covers_foreign_persons") if entry.get(name)}


def _head(names: list[str]) -> list[str]:
    """Check the names of the columns; ValueError says which are wrong, and all that there are."""
    known = f"Known: {', '.join(COLUMNS)}"
    if len(names) == 1 and ";" in names[0]:
        raise ValueError("columns are separated by commas, not by semicolons")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise ValueError(f"no such column: {', '.join(map(repr, unknown))}. {known}")
    if missing := {"model", "organisation"} - set(names):
        raise ValueError(f"the head, which is the first line, lacks {' and '.join(sorted(missing))}. {known}")
    if len(set(names)) < len(names):
        raise ValueError("the head names a column twice. Remove one of them")
    return names


def _told(head: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(head):
        raise ValueError(f"{len(cells)} cells, and the head names {len(head)} columns. Leave cells empty, not out")
    return {name: cell.strip() for name, cell in zip(head, cells, strict=True) if cell.strip()}


def _unflat(said: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = dict(said)
    for name in ("evaluator", "covers_foreign_persons"):
        if name in entry:
            entry[name] = _flag(name, said[name])
    if "waive" in entry:
        entry["waive"] = said["waive"].split()
    if "ownership" in entry:
        entry["ownership"] = [_owner(part) for part in said["ownership"].split()]
    return entry


def _flag(name: str, cell: str) -> bool:
    """Read `true` or `false`, in capitals too, as spreadsheets write them."""
    if cell.lower() not in {"true", "false"}:
        raise ValueError(f"{name}: expected true or false, got {cell!r}. Leave the cell empty for false")
    return cell.lower() == "true"


def _owner(part: str) -> dict[str, Any]:
    country, _, percent = part.partition(":")
    try:
        share = float(percent)
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise ValueError(f"ownership {part!r} is no share. Write DE:60 US:40")
    return {"country": country, "percent": share}
