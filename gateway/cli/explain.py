"""`gateway explain`: what the gate would answer to this token, for this model, from there, and why. Nothing is sent upstream.

Exit code 0 where it would permit, 1 where it would refuse.
"""

import argparse
import asyncio
import ssl
import sys
from pathlib import Path

from gateway.admin.explanation import Explanation, explain, unidentified
from gateway.cli.changing import read_policy
from gateway.cli.failures import DONE, REFUSED
from gateway.cli.options import add_store, required_settings
from gateway.cli.place import locator_of
from gateway.cli.tables import show_facts, show_json, show_rows
from gateway.clock import read_clock
from gateway.errors import CommandError
from gateway.identity.binding import thumbprint_of
from gateway.identity.fetch import HttpFetch
from gateway.identity.keyset import keysets_for
from gateway.identity.verifier import Verifier
from gateway.policy.access import AccessRequest, Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Settings

COLUMNS = ("rule", "demands", "value", "source", "result", "reason", "decides", "authority", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `explain` takes."""
    parser.add_argument("--token", required=True, metavar="T", help="the caller's token; - reads it from standard input")
    parser.add_argument("--model", required=True, metavar="M", help="the model as the caller would name it")
    parser.add_argument("--ip", default="", metavar="A", help="the client's address, looked up in the configured database")
    parser.add_argument("--country", default="", metavar="CODE", help="what the CDN's country header would say")
    parser.add_argument("--certificate", metavar="FILE", help="the client certificate (PEM) that the connection would show")
    add_store(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain."""
    settings = required_settings(arguments)
    told = asyncio.run(_explain(arguments, settings))
    if arguments.json:
        show_json(told)
    else:
        show_facts({name: value for name, value in told.items() if name != "checks"}, as_json=False)
        show_rows(told["checks"], COLUMNS, as_json=False, title="\nChecks, in the order in which they were put", nothing="")
    return DONE if told["decision"] == "permit" else REFUSED


async def _explain(arguments: argparse.Namespace, settings: Settings) -> Explanation:
    location = locator_of(settings)(arguments.ip, arguments.country)
    subject = await _subject(settings, _token(arguments.token), _thumbprint(arguments.certificate))
    if isinstance(subject, Reason):
        return unidentified(subject, arguments.model)
    snapshot = await read_policy(arguments, settings)
    return explain(AccessRequest(subject, arguments.model, location), snapshot, read_clock())


async def _subject(settings: Settings, token: bytes, shown: str) -> Subject | Reason:
    fetch = HttpFetch()
    try:
        keysets = keysets_for(settings.issuers, read_clock, fetch)
        return await Verifier(settings.issuers, keysets, read_clock).identify(token, shown)
    finally:
        await fetch.close()


def _thumbprint(file: str | None) -> str:
    if file is None:
        return ""
    try:
        return thumbprint_of(ssl.PEM_cert_to_DER_cert(Path(file).read_text("ascii")))
    except (OSError, ValueError):
        raise CommandError(f"--certificate: {file} is no certificate in PEM that can be read.") from None


def _token(given: str) -> bytes:
    return (sys.stdin.read() if given == "-" else given).strip().encode("utf-8", "surrogateescape")
