"""Reads the whole policy in one atomic step (MULTI), so that a change can never be seen without those before it (the new-enemy problem)."""

from collections.abc import Iterable
from typing import Final

from gateway.errors import StoreUnavailableError
from gateway.store.keys import Keys
from gateway.store.link import Link
from gateway.store.resp import Reply, ServerError
from gateway.store.stored import Stored

_SCRIPT: Final = "local all = {redis.pcall('GET', KEYS[1])} for i = 2, #KEYS do all[i] = redis.pcall('HGETALL', KEYS[i]) end return all"
"""The same reading as a script: a server without memory queues nothing, and would else hide its policy when it matters."""


async def load(link: Link, keys: Keys, models: Iterable[str]) -> Stored:
    """Read everything that `decide` may need about `models` (ids). Raises StoreUnavailableError if the server refuses to."""
    names = tuple(models)
    hashes = (keys.models, keys.directives, keys.revocations, *map(keys.allowlist, names))
    read, refusal = await _together(link, (keys.revision, *hashes))
    if refusal.startswith("OOM"):
        read = await link.call("EVAL_RO", _SCRIPT, 1 + len(hashes), keys.revision, *hashes)
    elif refusal:
        raise StoreUnavailableError(f"the store does not give its policy: {refusal}")
    revision, stages, directives, revocations, *allowlists = read
    return Stored(revision, stages, directives, revocations, dict(zip(names, allowlists, strict=True)))


async def _together(link: Link, names: tuple[str, ...]) -> tuple[list[Reply], str]:
    """Answer what the keys hold (the first a string, the others hashes), or why the server does not say."""
    revision, *hashes = names
    *queued, read = await link.batch([("MULTI",), ("GET", revision), *(("HGETALL", key) for key in hashes), ("EXEC",)])
    if isinstance(read, list):
        return read, ""
    return [], str(next((reply for reply in queued if isinstance(reply, ServerError)), read))


async def ensure_revision(link: Link, keys: Keys, stored: Stored) -> None:
    """Give a policy that was typed in by hand a revision of 0, so that removing its last entry leaves an empty policy, not a lost one.

    Only if a policy key is still there at that instant: a wiped store stays uninitialised. A store that refuses is left alone.
    """
    if stored.revision is not None or not stored.holds_anything():
        return
    names = (keys.models, keys.directives, keys.revocations, *map(keys.allowlist, stored.allowlists))
    _, present = await link.batch([("WATCH", *names), ("EXISTS", *names)])
    if isinstance(present, int) and present:
        await link.batch([("MULTI",), ("SETNX", keys.revision, 0), ("EXEC",)])
    else:
        await link.batch([("UNWATCH",)])
