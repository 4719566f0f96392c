"""YAML as nodes with lines: no duplicate keys, no surprises. Anchors, aliases and merge keys (`<<`) work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from gateway.errors import SettingsError
from gateway.settings.problems import Problem, settings_error

LARGEST_FILE: Final = 4 * 1024 * 1024
MERGE: Final = "tag:yaml.org,2002:merge"
Pairs = list[tuple[yaml.ScalarNode, yaml.Node]]


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML's safe loader, except that a repeated key is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Refuse repeated keys, then construct as ever."""
        problem = next(repeated_keys(node), None)
        if problem is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{problem.path}: {problem.text}", node.start_mark)
        return super().construct_mapping(node, deep)


def read_text(path: Path) -> str:
    """Return the file as text; SettingsError where it is missing, unreadable, larger than 4 MiB, or not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise SettingsError(f"{path}: larger than {LARGEST_FILE} bytes, surely not a settings file")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8") from None


def compose(text: str, file: str) -> yaml.Node | None:
    """Return the single document of `text` as a node, None where it is empty; SettingsError names the line of a syntax error."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _syntax_error(error, file) from None


def read_mapping(path: Path) -> dict[str, object]:
    """Read a YAML file of free shape (country groups, directives) as plain values; its top is a mapping, repeated keys are errors."""
    try:
        value = yaml.load(read_text(path), Loader=_UniqueKeys)  # noqa: S506 - a subclass of SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _syntax_error(error, str(path)) from None
    if not isinstance(value, dict):
        raise SettingsError(f"{path}:1: expected a mapping of keys to values")
    return value


def pairs_of(node: yaml.MappingNode) -> Pairs:
    """Keys and values with merge keys resolved: what the mapping says itself comes first and wins."""
    own = [(key, value) for key, value in node.value if key.tag != MERGE]
    seen = {key.value for key, _ in own}
    for key, value in node.value:
        for pair in _merged(value) if key.tag == MERGE else ():
            if pair[0].value not in seen:
                seen.add(pair[0].value)
                own.append(pair)
    return own


def repeated_keys(node: yaml.MappingNode) -> Iterator[Problem]:
    """Yield a problem for each key that this mapping itself writes twice, or that is not plain text."""
    seen: dict[object, int] = {}
    for key, _ in node.value:
        line = line_of(key)
        if not isinstance(key, yaml.ScalarNode):
            yield Problem("", "a key must be text", line)
        elif key.value in seen:
            yield Problem(key.value, f"the key is written twice, first on line {seen[key.value]}. Keep one", line)
        else:
            seen[key.value] = line


def line_of(node: yaml.Node) -> int:
    """Where a node starts, counted from 1."""
    return int(node.start_mark.line) + 1


def _merged(value: yaml.Node) -> Pairs:
    sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return [pair for source in sources if isinstance(source, yaml.MappingNode) for pair in source.value if pair[0].tag != MERGE]


def _syntax_error(error: Exception, file: str) -> SettingsError:
    mark = getattr(error, "problem_mark", None)
    text = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read as YAML")
    return settings_error(file, [Problem("", f"not readable as YAML: {text}", mark.line + 1 if mark else 1)])
