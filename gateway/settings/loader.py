"""Read `gateway.yaml`: strict YAML, strict types, cross checks. Every problem is reported at once, with line and right form."""

from pathlib import Path

import msgspec

from gateway.errors import SettingsError
from gateway.settings.decode import decode
from gateway.settings.document import compose, read_text
from gateway.settings.paths import anchored
from gateway.settings.problems import settings_error
from gateway.settings.shape import Settings
from gateway.settings.validate import find_problems


def load(path: str | Path) -> Settings:
    """Read and validate a file; relative paths in it start at the file's own directory.

    SettingsError lists what is wrong, one line each:
    `gateway.yaml:12: models[0].gated: expected true or false, got "maybe". Write: gated: true`.
    Secrets are not read here: see `provision.check_secrets`.
    """
    place = Path(path)
    return parse(read_text(place), str(path), place.absolute().parent)


def parse(text: str, file: str, base: Path) -> Settings:
    """Do the same for a text: `file` is its name in errors, `base` the directory where its relative paths start."""
    plain, problems, lines = decode(compose(text, file), Settings)
    if problems:
        raise settings_error(file, problems)
    settings = anchored(_built(plain, file), base)
    wrong = [problem.placed(lines) for problem in find_problems(settings)]
    if wrong:
        raise settings_error(file, wrong)
    return settings


def _built(plain: object, file: str) -> Settings:
    try:
        return msgspec.convert(plain, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}") from None
