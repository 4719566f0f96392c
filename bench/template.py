"""Configurations written from templates in which `@name` stands for a value, since they are full of dollars and braces."""

from pathlib import Path
from string import Template


def written(into: Path, template: Path, **values: object) -> Path:
    """Write `template` with its values into a directory, under its own name; `@@` is a plain `@`. Raises KeyError for a missing value."""
    file = into / template.name
    file.write_text(_At(template.read_text()).substitute(values))
    return file


class _At(Template):
    delimiter = "@"
