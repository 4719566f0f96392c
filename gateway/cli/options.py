"""Options that several verbs share, and what stands behind each when it is not given."""

import argparse
import getpass
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from gateway.errors import CommandError, SettingsError
from gateway.settings.loader import load
from gateway.settings.shape import Settings, Store

USUAL_CONFIG: Final = Path("config/gateway.yaml")


class Given(argparse.Action):
    """Stores a text that is not empty: what an unset variable of a script leaves must not be read as an option left out."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option_string: str | None = None
    ) -> None:
        """Store it; end with bad usage where it is empty."""
        if not values:
            parser.error(f"argument {option_string}: it is empty. Write {option_string} {self.metavar}, or leave it out")
        setattr(namespace, self.dest, values)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`; without it GATEWAY_CONFIG, then ./config/gateway.yaml if there is one."""
    parser.add_argument(
        "--config", action=Given, metavar="FILE", help="settings file (default: GATEWAY_CONFIG, then ./config/gateway.yaml)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add what every verb on the store takes: `--store`, `--config`, `--json`."""
    parser.add_argument("--store", action=Given, metavar="URL", help="policy store (default: GATEWAY_STORE_URL, then the settings file's)")
    add_config(parser)
    add_json(parser)


def config_path(arguments: argparse.Namespace) -> Path | None:
    """Find the settings file, or None where none is named and none stands in the usual place."""
    if named := arguments.config or os.environ.get("GATEWAY_CONFIG"):
        return Path(named)
    return USUAL_CONFIG if USUAL_CONFIG.is_file() else None


def optional_settings(arguments: argparse.Namespace) -> Settings | None:
    """Load the settings if there are any."""
    path = config_path(arguments)
    return None if path is None else load(path)


def required_settings(arguments: argparse.Namespace) -> Settings:
    """Load the settings; raises SettingsError that says where they were looked for."""
    settings = optional_settings(arguments)
    if settings is None:
        raise SettingsError(f"no settings file: give --config FILE, set GATEWAY_CONFIG, or put one at {USUAL_CONFIG}")
    return settings


def store_section(arguments: argparse.Namespace, settings: Settings | None) -> Store:
    """Say where the policy is: `--store`, GATEWAY_STORE_URL, the settings file, the embedded store under ./data."""
    section = Store() if settings is None else settings.store
    url = arguments.store or os.environ.get("GATEWAY_STORE_URL") or section.url
    return section if url == section.url else structs.replace(section, url=url)


def operator() -> str:
    """Name who gives the command: the account and host as this machine tells them, asserted and not proved."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = str(os.getuid())
    return f"{account}@{socket.gethostname()} (asserted)"


def operator_proof() -> tuple[str, bytes]:
    """Read who the operator says that he is, and what proves it: GATEWAY_OPERATOR and the file GATEWAY_OPERATOR_KEY names."""
    name, file = os.environ.get("GATEWAY_OPERATOR", ""), os.environ.get("GATEWAY_OPERATOR_KEY", "")
    if not name or not file:
        raise CommandError("this takes an operator who proves who it is: set GATEWAY_OPERATOR (name) and GATEWAY_OPERATOR_KEY (file)")
    try:
        return name, Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"GATEWAY_OPERATOR_KEY: {file} cannot be read: {error.strerror}") from None


def wall_clock() -> datetime:
    """Tell the hour, in UTC."""
    return datetime.now(UTC)


def yes_or_no(text: str | None, option: str) -> bool | None:
    """Read `true` or `false`; None where not given; raises CommandError with the right form."""
    if text is None:
        return None
    if text not in {"true", "false"}:
        raise CommandError(f"{option}: {text!r} is neither true nor false. Write {option} true or {option} false.")
    return text == "true"
