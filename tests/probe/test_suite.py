"""The suite as a whole: every probe can fail, on no gateway at all; none scores on one that refuses everything; all hold on ours."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web
from msgspec import structs
from support.naive import ALLOWED, FORBIDDEN, TOKEN, pipe, recording, serving
from support.settings_text import copy_demo_settings

from gateway.demo.issuer import DemoIssuer
from gateway.probe.exchange import Manner
from gateway.probe.forger import Forger
from gateway.probe.kinds import SUITE
from gateway.probe.probe import Need, Probe
from gateway.probe.recorder import Recorder
from gateway.probe.run import play, play_all
from gateway.probe.target import Target
from gateway.probe.verdict import Finding, Outcome

ROOT = Path(__file__).parents[2]
# What no gateway at all does right: it leaves when its caller does, and tries no other model. They have gateways of their own elsewhere.
RIGHT_WITHOUT_A_GATEWAY = {"the caller leaves its stream", "the caller leaves its WebSocket", "no wish of the caller's"}
PAST = {Outcome.SLIPPED, Outcome.AMBIGUOUS}
EXPECTED = {True: {Outcome.HELD}, False: PAST}
# On a busy machine a hasty look may miss what arrives; whatever was missed is looked at again with patience.
PATIENT = Manner(patience=3.0, quiet=0.5, within=1.0, grace=2.0)
HASTY = Manner(patience=0.2, quiet=0.02, within=0.2, grace=0.1)


def test_every_probe_has_a_name_of_its_own_and_its_control_is_played_before_it() -> None:
    assert [name for name, count in Counter((probe.kind, probe.name) for probe in SUITE).items() if count > 1] == []
    played: set[str] = set()
    for probe in SUITE:
        played |= {probe.name} if probe.kind == "control" else set()
        assert probe.control in played, probe


def test_every_kind_has_a_file_and_every_probe_says_what_for() -> None:
    files = {path.stem for path in (ROOT / "gateway" / "probe" / "kinds").glob("*.py")} - {"__init__"}
    modules = {"json": "json_bodies", "control": "controls"}
    assert {modules.get(probe.kind, probe.kind.replace(" ", "_")) for probe in SUITE} == files
    assert all(probe.hole and probe.seen for probe in SUITE)


class Nothing:
    """No gateway at all; a recorder of its own is behind it for each probe, so many probes are played at once."""

    def __init__(self, directory: Path, *, at_once: int = 24) -> None:
        self._places = asyncio.Semaphore(at_once)
        issuer = DemoIssuer(directory)
        signer = Forger.read(issuer.key_file)
        self._target = Target("127.0.0.1", 0, ALLOWED, FORBIDDEN, issuer.mint(), permitted=TOKEN, signer=signer, may_revoke=True)

    @property
    def token(self) -> str:
        return self._target.token

    async def play_all(self, suite: Sequence[Probe], manner: Manner) -> list[Finding]:
        return await asyncio.gather(*(self._play(probe, structs.replace(manner, revoke=self._revoke)) for probe in suite))

    async def _play(self, probe: Probe, manner: Manner) -> Finding:
        async with self._places, recording() as recorder, pipe(recorder.port) as port:
            return await play(probe, structs.replace(self._target, port=port), recorder, manner)

    async def _revoke(self) -> None:
        """Nobody hears of it."""


async def test_every_probe_slips_past_where_there_is_no_gateway(tmp_path: Path) -> None:
    nothing = Nothing(tmp_path)
    suite = [probe for probe in SUITE if probe.name not in RIGHT_WITHOUT_A_GATEWAY]
    findings = await nothing.play_all(suite, HASTY)
    held = [probe for probe, finding in zip(suite, findings, strict=True) if finding.outcome not in EXPECTED[probe.kind == "control"]]
    again = await nothing.play_all(held, PATIENT)
    assert [str(finding) for finding in again if finding.outcome not in EXPECTED[finding.kind == "control"]] == []


async def test_a_gateway_that_refuses_everything_does_not_score(recorder: Recorder) -> None:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "no"}, status=403)

    async with serving(refuse) as port:
        target = Target("127.0.0.1", port, ALLOWED, FORBIDDEN, TOKEN)
        suite = [probe for probe in SUITE if probe.kind in {"control", "plain", "json"}]
        findings = [finding async for finding in play_all(suite, target, recorder, HASTY)]
    assert {finding.outcome for finding in findings} == {Outcome.NOT_SERVED, Outcome.NOT_APPLICABLE}
    assert not findings[0].ok


async def test_what_a_probe_needs_and_is_not_there_is_not_held_against_a_gateway(recorder: Recorder) -> None:
    async with pipe(recorder.port) as port:
        target = Target("127.0.0.1", port, ALLOWED, FORBIDDEN, "sk-opaque")
        suite = [probe for probe in SUITE if probe.needs is not Need.NOTHING]
        findings = [finding async for finding in play_all(suite, target, recorder, HASTY)]
    assert {finding.outcome for finding in findings} == {Outcome.NOT_APPLICABLE}
    assert {finding.why for finding in findings} == {need.value for need in Need if need is not Need.NOTHING}


async def test_no_finding_shows_a_credential(tmp_path: Path) -> None:
    nothing = Nothing(tmp_path)
    suite = [probe for probe in SUITE if probe.kind in {"control", "credentials", "tokens", "signed tokens", "own headers"}]
    shown = " ".join(map(str, await nothing.play_all(suite, HASTY)))
    assert not [part for part in (*nothing.token.split("."), TOKEN) if part in shown]
    assert "eyJ" not in shown


def test_our_own_gate_holds_against_all_of_them(tmp_path: Path) -> None:
    copy_demo_settings(tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gateway", "probe", "--self", "--json"]
    played = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=55)
    document = json.loads(played.stdout)
    assert [probe for probe in document["probes"] if probe["outcome"] != "held"] == []
    assert len(document["probes"]) == len(SUITE)
    assert document["held_all"]
    assert played.returncode == 0
    assert not (tmp_path / "data").exists()


async def test_a_gateway_that_goes_away_broke_by_the_probe_that_was_played(recorder: Recorder) -> None:
    async def break_down(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.close()
        writer.close()

    server = await asyncio.start_server(break_down, "127.0.0.1", 0)
    target = Target("127.0.0.1", server.sockets[0].getsockname()[1], ALLOWED, FORBIDDEN, TOKEN)
    findings = [finding async for finding in play_all(SUITE[:2], target, recorder, HASTY)]
    assert findings[0].outcome is Outcome.NOT_SERVED
    assert "nobody answers" in findings[1].why
