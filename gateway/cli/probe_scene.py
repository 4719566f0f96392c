"""The stage of `gateway probe --self`: the demonstration's gate in front of a recording upstream, with a caller for each role."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.admin.commands import add_partner
from gateway.admin.revocations import revoke_organisation
from gateway.cli.options import operator
from gateway.demo.scene import HOME, Scene, open_scene
from gateway.demo.steps import GATED, OPEN, PARTNER, STRANGER
from gateway.probe.exchange import Manner, Revoke
from gateway.probe.forger import Forger
from gateway.probe.recorder import Recorder
from gateway.probe.target import Target
from gateway.settings.shape import Settings

SETTLED: Final = 200
QUIET: Final = 0.01  # seconds: this gate dispatches before it answers


@asynccontextmanager
async def open_stage(settings: Settings, directory: Path) -> AsyncIterator[tuple[Target, Recorder, Manner]]:
    """Start the gate with its files under `directory`; a stranger may use one of its models, a partner both."""
    recorder = Recorder((OPEN, GATED))
    await recorder.start()
    try:
        async with open_scene(settings, directory, operator(), recorder.url) as scene:
            await scene.administration.carry_out(add_partner(scene.catalogue, PARTNER, GATED, datetime.now(UTC), reason="probe"))
            async with asyncio.timeout(10):
                while (await scene.caller(PARTNER).ask(GATED)).status != SETTLED:  # noqa: ASYNC110 - the gate has no event for it
                    await asyncio.sleep(0.01)
            yield _target(scene), recorder, Manner(quiet=QUIET, revoke=_revoking(scene))
    finally:
        await recorder.stop()


def _target(scene: Scene) -> Target:
    address = urlsplit(scene.proxy_url)
    return Target(
        host=address.hostname or "",
        port=address.port or 0,
        allowed=OPEN,
        forbidden=GATED,
        token=scene.issuer.mint(org_id=STRANGER, nationalities=[HOME]),
        permitted=scene.issuer.mint(org_id=PARTNER, nationalities=[HOME]),
        extra=((scene.settings.listen.proxy.country_header, HOME),),
        signer=Forger.read(scene.issuer.key_file),
        may_revoke=True,
    )


def _revoking(scene: Scene) -> Revoke:
    async def revoke() -> None:
        await scene.administration.carry_out(revoke_organisation(STRANGER, datetime.now(UTC), reason="probe"))

    return revoke
