"""`gateway assertion keys`: the public keys by which upstreams verify the gate's own signature, as a JWK Set."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.cli.options import add_config, required_settings
from gateway.cli.tables import show_json
from gateway.errors import CommandError, SettingsError
from gateway.identity.assertion import published_keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `assertion` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="keys")
    keys = actions.add_parser("keys", help="print them, or write them to a file", allow_abbrev=False)
    keys.add_argument("--out", type=Path, metavar="FILE", help="write them there, for upstreams that cannot ask the gate")
    keys.add_argument("--json", action="store_true", help="it is always JSON")
    add_config(keys)


def run(arguments: argparse.Namespace) -> int:
    """Print or write; a file is replaced in one step, so that no reader sees half of it."""
    settings = required_settings(arguments)
    if settings.assertion is None:
        raise SettingsError("the settings have no key to sign with. Write: assertion: {key_file: /etc/gateway/assertion.pem}")
    keys = published_keys(settings.assertion)
    if arguments.out is None:
        show_json(keys)
        return 0
    _write(arguments.out, keys)
    print(f"{arguments.out}: {len(keys['keys'])} public key(s)")
    return 0


def _write(file: Path, keys: Mapping[str, object]) -> None:
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(msgspec.json.encode(keys) + b"\n")
        beside.replace(file)
    except OSError as error:
        raise CommandError(f"--out: {file} cannot be written: {error.strerror}.") from None
