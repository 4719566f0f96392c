"""deploy/compose.yaml as processes of this machine: the same commands, variables and files, other places. No container runtime needed.

`Composition.command(service)` and `.environment(service)` give what a container would be started with, after `${...}` was filled in,
paths of volumes moved under one directory, and addresses of services replaced by loopback ones.
"""

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
VARIABLE = re.compile(r"\$(\$)|\$\{(\w+)(?::([?-])([^}]*))?\}")


def filled_in(value: Any, variables: dict[str, str]) -> Any:
    """Interpolate as Compose does: `${A}`, `${A:-default}`, `${A:?must be set}`, `$$`. Raises KeyError for one that must be set."""
    if isinstance(value, dict):
        return {name: filled_in(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each, variables) for each in value]
    return VARIABLE.sub(lambda found: _value(found, variables), value) if isinstance(value, str) else value


def _value(found: re.Match[str], variables: dict[str, str]) -> str:
    dollar, name, how, rest = found.groups()
    if dollar:
        return "$"
    if variables.get(name):
        return variables[name]
    if how == "?":
        raise KeyError(name)
    return rest or ""


class Composition:
    """The file read once. `moved` maps addresses as the containers know them (`redis:6379`) to those of this machine."""

    def __init__(self, directory: Path, variables: dict[str, str], moved: dict[str, str]) -> None:
        self.directory = directory
        self.moved = moved
        document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
        self.services: dict[str, dict[str, Any]] = filled_in(document["services"], variables)

    def __repr__(self) -> str:
        return f"<Composition of {', '.join(self.services)} in {self.directory}>"

    def mounts(self, service: str) -> dict[str, Path]:
        """Say where each path of a container is here: named volumes under the directory, files of the repository in place."""
        parts = [one.split(":") for one in self.services[service].get("volumes", ())]
        return {inside: (DEPLOY / source).resolve() if source.startswith(".") else self._volume(source) for source, inside, *_ in parts}

    def command(self, service: str) -> list[str]:
        """Give the whole command line; our image's own entry point is `gateway`."""
        section = self.services[service]
        entry = section.get("entrypoint", ["gateway"] if "build" in section else [])
        return [self.here(service, word) for word in (*entry, *section["command"])]

    def environment(self, service: str) -> dict[str, str]:
        """Give the variables of the container, and nothing else."""
        return {name: self.here(service, value) for name, value in self.services[service].get("environment", {}).items()}

    def here(self, service: str, text: str) -> str:
        """Rewrite paths and addresses in a text for this machine."""
        for inside, place in self.mounts(service).items():
            text = re.sub(rf"{re.escape(inside)}(?![\w-])", str(place), text)
        for known, here in self.moved.items():
            text = text.replace(known, here)
        return text

    def _volume(self, name: str) -> Path:
        place = self.directory / name
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place
