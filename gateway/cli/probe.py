"""`gateway probe URL`: the bypass suite against any gateway that protects a model; `gateway probe --self` against the demonstration's."""

import argparse
import asyncio
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import uvloop
from msgspec import structs

from gateway.audit.logs import configure
from gateway.cli.demo import demo_config
from gateway.cli.failures import DONE, REFUSED
from gateway.cli.options import add_json
from gateway.cli.probe_report import show_findings
from gateway.cli.probe_scene import open_stage
from gateway.cli.probe_target import TOKEN_VARIABLE, target_of
from gateway.cli.tables import show_rows
from gateway.errors import CommandError, SettingsError
from gateway.probe.exchange import Manner, Revoke
from gateway.probe.kinds import SUITE
from gateway.probe.probe import Probe
from gateway.probe.recorder import Recorder
from gateway.probe.run import play_all
from gateway.probe.target import Target
from gateway.probe.verdict import Finding
from gateway.settings.addresses import HostPort, host_port
from gateway.settings.loader import load

USUAL_UPSTREAM: Final = "127.0.0.1:8099"
KINDS: Final = tuple(dict.fromkeys(probe.kind for probe in SUITE))

Stage = AbstractAsyncContextManager[tuple[Target, Recorder, Manner]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `probe` takes."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="the gateway under test; a path in it goes before every path that is asked for"
    )
    parser.add_argument("--self", action="store_true", dest="own", help="start the demonstration's gate and probe it")
    parser.add_argument("--allowed", metavar="M", help="a model that the token may use")
    parser.add_argument("--forbidden", metavar="M", help="a model that the gateway serves, and not to this token")
    parser.add_argument("--token-allowed", metavar="T", help=f"the caller's credential; - reads standard input (default: {TOKEN_VARIABLE})")
    parser.add_argument("--token-permitted", default="", metavar="T", help="a credential that may use the forbidden model, as a control")
    parser.add_argument(
        "--token-header", default="authorization", metavar="NAME", help="the header that carries it (default: %(default)s, with Bearer)"
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="a header for every request; may be repeated"
    )
    parser.add_argument(
        "--upstream",
        type=host_port,
        default=USUAL_UPSTREAM,
        metavar="HOST:PORT",
        help="where the recording upstream listens (default: %(default)s)",
    )
    parser.add_argument(
        "--header-family", default="x-gateway-", metavar="PREFIX", help="how the gateway's own headers begin (default: %(default)s)"
    )
    parser.add_argument(
        "--issuer-key", type=Path, metavar="FILE", help="PEM of the key that signs the tokens: plays the whole family of tokens"
    )
    parser.add_argument("--revoke", metavar="COMMAND", help="run while a stream runs; takes the allowed model from the token")
    parser.add_argument("--within", type=float, default=5.0, metavar="SECONDS", help="how soon a stream must end (default: %(default).0f)")
    parser.add_argument(
        "--patience", type=float, default=5.0, metavar="SECONDS", help="how long an answer may take (default: %(default).0f)"
    )
    parser.add_argument(
        "--only", action="append", choices=KINDS, default=[], metavar="KIND", help="play this kind and the controls; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="list the probes and play none")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play the probes; 0 where everything held, 1 where something did not."""
    suite = [probe for probe in SUITE if not arguments.only or probe.kind in {"control", *arguments.only}]
    if arguments.list:
        rows = [{"kind": probe.kind, "probe": probe.name, "hole": probe.hole, "seen": probe.seen} for probe in suite]
        show_rows(rows, ("kind", "probe", "hole", "seen"), as_json=arguments.json, title="The probes", nothing="")
        return DONE
    if not arguments.own:
        return _probe(arguments, suite, _foreign(arguments))
    settings = load(demo_config())
    configure(settings.log, "probe")
    with tempfile.TemporaryDirectory(prefix="gateway-probe-", ignore_cleanup_errors=True) as directory:
        return _probe(arguments, suite, open_stage(settings, Path(directory)))


def _probe(arguments: argparse.Namespace, suite: Sequence[Probe], stage: Stage) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        findings = runner.run(_play(arguments, suite, stage))
    return DONE if all(finding.ok for finding in findings) else REFUSED


async def _play(arguments: argparse.Namespace, suite: Sequence[Probe], stage: Stage) -> list[Finding]:
    async with stage as (target, recorder, manner):
        patient = structs.replace(manner, within=arguments.within, patience=arguments.patience)
        findings = [finding async for finding in play_all(suite, target, recorder, patient)]
        show_findings(findings, target, recorder, as_json=arguments.json)
    return findings


@asynccontextmanager
async def _foreign(arguments: argparse.Namespace) -> AsyncIterator[tuple[Target, Recorder, Manner]]:
    target = target_of(arguments)
    place: HostPort = arguments.upstream
    recorder = Recorder((target.allowed, target.forbidden), place.host, place.port)
    try:
        await recorder.start()
    except OSError as error:
        raise SettingsError(f"--upstream: the recording upstream cannot listen at {place.host}:{place.port} ({error.strerror})") from None
    print(
        f"The recording upstream is {recorder.url}: the gateway under test must have it as the upstream of {target.allowed} and "
        f"{target.forbidden} (for most, base URL {recorder.url}/v1), with any key.",
        file=sys.stderr,
    )
    try:
        yield target, recorder, Manner(revoke=_command(arguments.revoke) if arguments.revoke else None)
    finally:
        await recorder.stop()


def _command(line: str) -> Revoke:
    words = shlex.split(line)

    async def revoke() -> None:
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
        if await process.wait() != 0:
            raise CommandError(f"--revoke: {words[0]} ended with {process.returncode}")

    return revoke
