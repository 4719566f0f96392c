"""Reads the whole policy in one atomic step (MULTI), so that a change can never be seen without those before it (the new-enemy problem)."""

from collections.abc import Iterable

from gateway.errors import StoreUnavailableError
from gateway.store.keys import Keys
from gateway.store.link import Link
from gateway.store.resp import ServerError
from gateway.store.stored import Stored


async def load(link: Link, keys: Keys, models: Iterable[str]) -> Stored:
    """Read everything that `decide` may need about `models` (ids). Raises StoreUnavailableError if the server refuses to."""
    names = tuple(models)
    hashes = (keys.models, keys.directives, keys.revocations, *map(keys.allowlist, names))
    commands = [("MULTI",), ("GET", keys.revision), *(("HGETALL", key) for key in hashes), ("EXEC",)]
    *queued, read = await link.batch(commands)
    if not isinstance(read, list):
        cause = next((reply for reply in queued if isinstance(reply, ServerError)), read)
        raise StoreUnavailableError(f"the store does not give its policy: {cause}")
    revision, stages, directives, revocations, *allowlists = read
    return Stored(revision, stages, directives, revocations, dict(zip(names, allowlists, strict=True)))


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
