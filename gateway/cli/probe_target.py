"""Which gateway `gateway probe` is to try, and on whose behalf: from its options."""

import argparse
import os
import sys
from typing import Final
from urllib.parse import urlsplit

from gateway.errors import SettingsError
from gateway.probe.forger import Forger
from gateway.probe.readers.spelling import names
from gateway.probe.target import Target

TOKEN_VARIABLE: Final = "GATEWAY_PROBE_TOKEN"  # noqa: S105 - its name


def target_of(arguments: argparse.Namespace) -> Target:
    """Read the options that say what is probed. Raises SettingsError with the right form."""
    url = urlsplit(arguments.url or "")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise SettingsError(
            "which gateway? Write: gateway probe http://127.0.0.1:8080 --allowed M --forbidden M --token-allowed T, or --self"
        )
    allowed, forbidden = _models(arguments)
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        raise SettingsError(f"{arguments.url}: the port is none") from None
    return Target(
        host=url.hostname,
        port=port,
        tls=url.scheme == "https",
        prefix=url.path.rstrip("/"),
        allowed=allowed,
        forbidden=forbidden,
        token=_token(arguments.token_allowed),
        permitted=arguments.token_permitted,
        header=arguments.token_header,
        extra=tuple(_header(line) for line in arguments.header),
        family=arguments.header_family.lower(),
        signer=Forger.read(arguments.issuer_key) if arguments.issuer_key else None,
        may_revoke=bool(arguments.revoke),
    )


def _models(arguments: argparse.Namespace) -> tuple[str, str]:
    if not arguments.allowed or not arguments.forbidden:
        raise SettingsError("which models? Write: --allowed MODEL --forbidden MODEL")
    if names(arguments.allowed, arguments.forbidden) or names(arguments.forbidden, arguments.allowed):
        raise SettingsError(
            "--allowed and --forbidden: one name is within the other, so that what was run cannot be told. Take other names."
        )
    return arguments.allowed, arguments.forbidden


def _token(given: str | None) -> str:
    token = (sys.stdin.read() if given == "-" else given or os.environ.get(TOKEN_VARIABLE, "")).strip()
    if not token:
        raise SettingsError(f"whose credential? Write: --token-allowed T, or set {TOKEN_VARIABLE}")
    return token


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise SettingsError(f"--header: {name!r} has no value. Write: --header 'name: value'")
    return name.strip(), value.strip()
