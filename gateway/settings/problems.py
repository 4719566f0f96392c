"""What is wrong with a settings file, each with its place and its right form."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from gateway.errors import SettingsError

LONGEST_ECHO: Final = 40


class Problem(Struct, frozen=True):
    """One mistake: `path` as in `models[0].gated`, `text` says what was wrong and what is right, `line` counts from 1 (0: unknown)."""

    path: str
    text: str
    line: int = 0

    def placed(self, lines: Mapping[str, int]) -> "Problem":
        """Return the same problem, on the line of its path or of the nearest section around it that the file wrote out."""
        path = self.path
        while path and path not in lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return Problem(self.path, self.text, lines.get(path, 1))


def settings_error(file: str, problems: Iterable[Problem]) -> SettingsError:
    """One error for all `problems`, one line each, in the order of the file."""
    ordered = sorted(problems, key=lambda problem: problem.line)
    return SettingsError("\n".join(f"{file}:{p.line}: {p.path}: {p.text}" if p.path else f"{file}:{p.line}: {p.text}" for p in ordered))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean ...?` with the nearest known word, or nothing."""
    near = nearest(word, known)
    return f" Did you mean {near}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that is most like `word`, or nothing where none is."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.6)), "")


def shown(text: str) -> str:
    """Quote a value as an error may show it: one line, control characters visible, cut short."""
    cut = text if len(text) <= LONGEST_ECHO else text[: LONGEST_ECHO - 3] + "..."
    return '"' + cut.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
