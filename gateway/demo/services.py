"""The demonstration's issuer and upstream as services of their own, for containers: `python -m gateway.demo.services --help`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.demo.issuer import DemoIssuer
from gateway.demo.upstream import DemoUpstream
from gateway.settings.addresses import HostPort, host_port


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the issuer (write its key and its key set, end) or the upstream (serve until SIGTERM). The value is the exit code."""
    named = _parser().parse_args(arguments)
    if named.service == "issuer":
        named.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        DemoIssuer(named.directory, key_file=named.key)
        return 0
    asyncio.run(_serve(named.listen))
    return 0


async def _serve(place: HostPort) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    upstream = DemoUpstream(place.host, place.port)
    await upstream.start()
    try:
        await ended.wait()
    finally:
        await upstream.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.demo.services", description="Not for production.", allow_abbrev=False)
    services = parser.add_subparsers(dest="service", required=True)
    issuer = services.add_parser("issuer", help="make the demo issuer's key and publish its key set, jwks.json")
    issuer.add_argument("--directory", type=Path, required=True, help="where jwks.json goes, for gates to read")
    issuer.add_argument("--key", type=Path, required=True, metavar="FILE", help="where its private key is or goes; no gate needs it")
    upstream = services.add_parser("upstream", help="serve the demo's inference API")
    upstream.add_argument("--listen", type=host_port, default="127.0.0.1:8000", metavar="HOST:PORT", help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
