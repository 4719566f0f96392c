"""`gateway token mint`: a token of the demo issuer, on standard output. No real issuer's key is ever used."""

import argparse
from pathlib import Path
from typing import Final

from gateway.cli.options import yes_or_no
from gateway.demo.issuer import AUDIENCE, ISSUER, DemoIssuer
from gateway.errors import CommandError

USUAL_KEY: Final = Path("data/demo/issuer-es256.pem")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `token` takes."""
    mint = parser.add_subparsers(dest="action", required=True, metavar="mint").add_parser("mint", help="print a signed token")
    mint.add_argument("--org", help="organisation, claim org_id")
    mint.add_argument("--sub", default="demo-user", help="subject (default: %(default)s)")
    mint.add_argument("--nationality", action="append", metavar="CODE", help="ISO 3166-1 code; may be repeated")
    mint.add_argument("--us-person", metavar="true|false", help="claim us_person; left out where not given")
    mint.add_argument("--residence", metavar="CODE", help="country of residence, claim residence")
    mint.add_argument("--lifetime", type=float, default=3600.0, metavar="SECONDS", help="seconds until it expires (default: %(default).0f)")
    mint.add_argument("--issuer", default=ISSUER, help="claim iss (default: %(default)s)")
    mint.add_argument("--audience", default=AUDIENCE, help="claim aud (default: %(default)s)")
    mint.add_argument("--issuer-key", type=Path, default=USUAL_KEY, metavar="FILE", help="PEM of the demo issuer (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Print the token alone, so that `$(gateway token mint ...)` can be used in a header."""
    issuer = _issuer(arguments.issuer_key, arguments.issuer, arguments.audience)
    token = issuer.mint(
        lifetime=arguments.lifetime,
        sub=arguments.sub,
        org_id=arguments.org,
        nationalities=arguments.nationality,
        us_person=yes_or_no(arguments.us_person, "--us-person"),
        residence=arguments.residence,
    )
    print(token)
    return 0


def _issuer(key_file: Path, issuer: str, audience: str) -> DemoIssuer:
    try:
        return DemoIssuer.with_key(key_file, issuer=issuer, audience=audience)
    except OSError as error:
        hint = "Start `gateway demo` once, which makes one, or name it with --issuer-key FILE."
        raise CommandError(f"the demo issuer's key {key_file} cannot be read ({error.strerror}). {hint}") from None
    except ValueError as error:
        raise CommandError(f"{error}. --issuer-key wants a PEM file with an EC P-256 or RSA private key.") from None
