"""The steps of the walk: each asks the gate something real and returns what came, with what was measured on the way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from gateway.admin.commands import add_partner, remove_partner
from gateway.demo.caller import Answer, Caller
from gateway.demo.scene import Scene

GATED: Final = "frontier-1"
OPEN: Final = "open-1"
PARTNER: Final = "org_acme"
OTHER_PARTNER: Final = "org_globex"
STRANGER: Final = "org_stranger"
RESTRICTED: Final = "KP"
LONG: Final = 100_000
OTHERS_LENGTH: Final = 60
SETTLING: Final = 0.001

Came = tuple[str, str]


class Planned(Struct, frozen=True):
    """A step before it is played: what is tried, what should come, and how to play it."""

    title: str
    expected: str
    play: Callable[[Scene], Awaitable[Came]]


async def admitted(scene: Scene) -> Came:
    """Put two partners on the list; the second one's answer shows how soon a command takes effect."""
    await _add(scene, OTHER_PARTNER)
    await _once(scene.caller(OTHER_PARTNER), allowed=True)
    begun = time.perf_counter()
    await _add(scene, PARTNER)
    answer = await _once(scene.caller(PARTNER), allowed=True)
    return str(answer), f"{_ms(time.perf_counter() - begun)} from the command to the answer"


async def streamed(scene: Scene) -> Came:
    """Stream in the other dialect, whole."""
    played = await scene.caller(PARTNER).play(GATED, "anthropic", length=12)
    return str(played), f"{played.events} events"


async def stranger(scene: Scene) -> Came:
    """Ask for an organisation that is on no list."""
    return _told(await scene.caller(STRANGER).ask(GATED))


async def stranger_elsewhere(scene: Scene) -> Came:
    """Ask the same for the model that is not gated."""
    return _told(await scene.caller(STRANGER).ask(OPEN))


async def unsigned(scene: Scene) -> Came:
    """Ask without a token."""
    return _told(await scene.caller(None, signed=False).ask(GATED))


async def restricted_nationality(scene: Scene) -> Came:
    """Ask as a partner's employee of a restricted nationality."""
    return _told(await scene.caller(PARTNER, nationality=RESTRICTED).ask(GATED, "anthropic"))


async def unknown_nationality(scene: Scene) -> Came:
    """Ask with a token that does not say: unknown is not the same as not listed."""
    return _told(await scene.caller(PARTNER, nationality=None).ask(GATED))


async def restricted_region(scene: Scene) -> Came:
    """Ask from a restricted region."""
    return _told(await scene.caller(PARTNER, country=RESTRICTED).ask(GATED))


async def listed(scene: Scene) -> Came:
    """Ask what there is, as a partner and as a stranger."""
    answers = [await scene.caller(organisation).models() for organisation in (PARTNER, STRANGER)]
    seen = [sorted(entry["id"] for entry in answer.body.get("data", [])) for answer in answers]
    return " / ".join(", ".join(names) for names in seen), ""


async def kept_secret(scene: Scene) -> Came:
    """Look at what reached the upstream: the gate's key, and no caller's token."""
    key = (scene.directory / "upstream.key").read_text(encoding="ascii")
    credentials = {value for request in scene.upstream.requests for name, value in request.headers if _is_credential(name)}
    return "only the gate's own key" if credentials == {f"Bearer {key}"} else f"{len(credentials)} credentials", ""


async def cut(scene: Scene) -> Came:
    """Remove a partner while two of its streams run, and another partner's beside them."""
    open_before = scene.upstream.open_streams
    partner, other = scene.caller(PARTNER), scene.caller(OTHER_PARTNER)
    async with asyncio.TaskGroup() as group:
        doomed = [group.create_task(partner.play(GATED, dialect, LONG)) for dialect in ("openai", "anthropic")]
        spared = group.create_task(other.play(GATED, "openai", OTHERS_LENGTH))
        await scene.upstream.until(lambda server: server.open_streams == open_before + 3)
        begun = time.perf_counter()
        command = remove_partner(scene.catalogue, PARTNER, GATED, reason="demonstration")
        await scene.administration.carry_out(command)
    ended = [task.result() for task in doomed]
    await scene.upstream.until(lambda server: server.open_streams == open_before)
    told = f"{' / '.join(map(str, ended))} / the other partner's {spared.result()}"
    return told, f"last byte {_ms(max(played.last_byte_at for played in ended) - begun)} after the command was given"


async def removed(scene: Scene) -> Came:
    """Ask again as the partner that was removed."""
    return _told(await scene.caller(PARTNER).ask(GATED))


async def typed_raw(scene: Scene) -> Came:
    """Edit the store by hand, as `redis-cli` would, and ask again."""
    begun = time.perf_counter()
    await scene.policy.client.hset(scene.policy.keys.allowlist(GATED), PARTNER, "{}")
    answer = await _once(scene.caller(PARTNER), allowed=True)
    return str(answer), f"{_ms(time.perf_counter() - begun)} from the edit to the answer"


async def clear(scene: Scene) -> None:
    """Forget what an earlier demonstration has left in the demonstration's own store: every list, stage, directive, revocation."""
    keys = scene.policy.keys
    lists = [keys.allowlist(model.id) for model in scene.catalogue.values()]
    await scene.policy.client.delete(*lists, keys.models, keys.directives, keys.revocations)
    await _once(scene.caller(PARTNER), allowed=False)


STEPS: Final = (
    Planned(f"{PARTNER} is put on the list of {GATED} and asks", "200", admitted),
    Planned("the same partner streams, in the Anthropic dialect", "whole", streamed),
    Planned(f"{STRANGER}, on no list, asks for {GATED}", "403 org_not_approved", stranger),
    Planned(f"{STRANGER} asks for {OPEN}, which is not gated", "200", stranger_elsewhere),
    Planned("a request without a token", "401 token_missing", unsigned),
    Planned("a partner's employee of a restricted nationality", "403 nationality_restricted", restricted_nationality),
    Planned("a partner's employee whose token does not say", "403 nationality_unknown", unknown_nationality),
    Planned("a partner's employee in a restricted region", "403 region_restricted", restricted_region),
    Planned("the models that each of the two may see", f"{GATED}, {OPEN} / {OPEN}", listed),
    Planned("the credentials that reached the upstream", "only the gate's own key", kept_secret),
    Planned(
        f"{PARTNER} is removed while two of its streams run",
        "cut: org_not_approved / cut: org_not_approved / the other partner's whole",
        cut,
    ),
    Planned(f"{PARTNER} asks again", "403 org_not_approved", removed),
    Planned("HSET typed raw into the store puts it back", "200", typed_raw),
)


async def _add(scene: Scene, organisation: str) -> None:
    command = add_partner(scene.catalogue, organisation, GATED, datetime.now(UTC), reason="demonstration")
    await scene.administration.carry_out(command)


async def _once(caller: Caller, *, allowed: bool) -> Answer:
    """Ask until the answer is the one that a change must bring; the walk's own deadline ends a wait in vain."""
    while True:
        answer = await caller.ask(GATED)
        if (answer.status == 200) is allowed:  # noqa: PLR2004 - OK
            return answer
        await asyncio.sleep(SETTLING)


def _told(answer: Answer) -> Came:
    return str(answer), _ms(answer.seconds)


def _is_credential(name: str) -> bool:
    return name.lower() in {"authorization", "x-api-key", "api-key", "x-goog-api-key"}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
