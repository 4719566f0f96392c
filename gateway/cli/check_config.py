"""`gateway check-config FILE`: is it usable, and if not, which lines are wrong and how they should read."""

import argparse
import sys

from gateway.api.tls import ServerTls
from gateway.cli.failures import DONE, REFUSED
from gateway.cli.options import add_json, config_path, wall_clock
from gateway.cli.tables import show_json
from gateway.errors import SettingsError
from gateway.identity.assertion import AssertionSigner
from gateway.settings.advice import advice, overdue
from gateway.settings.loader import load
from gateway.settings.provision import build_catalogue, check_secrets, country_groups
from gateway.settings.shape import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `check-config` takes."""
    parser.add_argument("config", nargs="?", metavar="FILE", help="settings file (default: GATEWAY_CONFIG, then ./config/gateway.yaml)")
    parser.add_argument(
        "--secrets", action="store_true", help="also demand that every secret, certificate and key it names can be used here"
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check, and tell in one line what the file holds."""
    path = config_path(arguments)
    if path is None or not path.is_file():
        missing = "a directory, not a file" if path is not None and path.is_dir() else "no such file"
        raise SettingsError(f"{path or 'settings file'}: {missing}. Write: gateway check-config FILE")
    try:
        settings = load(path)
        groups = country_groups(settings)
        models = build_catalogue(settings, groups)
        if arguments.secrets:
            _check_files(settings)
    except SettingsError as wrong:
        return _refused(wrong, as_json=arguments.json)
    doubts = (*advice(settings), *overdue(settings, groups, wall_clock().date()))
    return _accepted(str(path), settings, len(models), doubts, as_json=arguments.json)


def _check_files(settings: Settings) -> None:
    """Read every secret, certificate and key; SettingsError names the first that cannot be used."""
    check_secrets(settings)
    for name, tls in (("proxy", settings.listen.proxy.tls), ("admin", settings.listen.admin.tls)):
        if tls is not None:
            ServerTls(tls, f"listen.{name}.tls")
    if settings.assertion is not None:
        AssertionSigner(settings.assertion)


def _refused(wrong: SettingsError, *, as_json: bool) -> int:
    if as_json:
        show_json({"ok": False, "problems": str(wrong).splitlines()})
    else:
        print(wrong, file=sys.stderr)
    return REFUSED


def _accepted(path: str, settings: Settings, names: int, doubts: tuple[str, ...], *, as_json: bool) -> int:
    held = {"models": len(settings.models), "names": names, "issuers": len(settings.issuers), "upstreams": len(settings.upstreams)}
    if as_json:
        show_json({"ok": True, "problems": [], "warnings": doubts, **held})
        return DONE
    print(f"{path}: good; {', '.join(_counted(what, count) for what, count in held.items())}")
    for doubt in doubts:
        print(f"warning: {doubt}", file=sys.stderr)
    return DONE


def _counted(what: str, count: int) -> str:
    return f"{count} {what.removesuffix('s') if count == 1 else what}"
