"""Reads the whole policy in one atomic step (MULTI), so that a change can never be seen without those before it (the new-enemy problem)."""

from collections.abc import Iterable, Sequence
from typing import Final

from gateway.errors import StoreUnavailableError
from gateway.store.keys import Keys
from gateway.store.link import Command, Link
from gateway.store.resp import Reply, ServerError
from gateway.store.stored import Stored

_SCRIPT: Final = "local all = {redis.pcall('GET', KEYS[1])} for i = 2, #KEYS do all[i] = redis.pcall('HGETALL', KEYS[i]) end return all"
"""The same reading as a script: a server without memory queues nothing, and would else hide its policy when it matters."""


async def load(link: Link, keys: Keys, models: Iterable[str]) -> Stored:
    """Read everything that `decide` may need about `models` (ids). Raises StoreUnavailableError if the server refuses to."""
    names = tuple(models)
    commands = questions(keys, names)
    read, refusal = await _together(link, commands)
    if refusal.startswith("OOM"):
        read, refusal = await _by_script(link, commands)
    if refusal:
        raise StoreUnavailableError(f"the store does not give its policy: {refusal}")
    return as_stored(read, names)


def questions(keys: Keys, names: Sequence[str]) -> list[Command]:
    """Give the commands that read the whole policy about the models with these ids: the first a string, the others hashes."""
    hashes = (keys.models, keys.directives, keys.revocations, *map(keys.allowlist, names))
    return [("GET", keys.revision), *(("HGETALL", key) for key in hashes)]


def as_stored(replies: Sequence[Reply], names: Sequence[str]) -> Stored:
    """Take the answers to `questions`."""
    revision, stages, directives, revocations, *allowlists = replies
    return Stored(revision, stages, directives, revocations, dict(zip(names, allowlists, strict=True)))


async def _by_script(link: Link, commands: Sequence[Command]) -> tuple[list[Reply], str]:
    try:
        return await link.call("EVAL_RO", _SCRIPT, len(commands), *(key for _, key in commands)), ""
    except ServerError as error:
        return [], str(error)


async def _together(link: Link, commands: Sequence[Command]) -> tuple[list[Reply], str]:
    """Answer what the keys hold, or why the server does not say."""
    begun, *queued, read = await link.batch([("MULTI",), *commands, ("EXEC",)])
    if isinstance(read, list):
        return read, ""
    told = zip((("MULTI",), *commands), (begun, *queued), strict=True)
    return [], next((f"{reply} ({' '.join(map(str, command))})" for command, reply in told if isinstance(reply, ServerError)), str(read))


async def ensure_revision(link: Link, keys: Keys, stored: Stored) -> None:
    """Give a policy that was typed in by hand a revision of 0, so that removing its last entry leaves an empty policy, not a lost one.

    Only if a policy key is still there at that instant: a wiped store stays uninitialised. A store that refuses is left alone, and
    StoreUnavailableError is raised if that is because we may not.
    """
    if stored.revision is not None or not stored.holds_anything():
        return
    names = (keys.models, keys.directives, keys.revocations, *map(keys.allowlist, stored.allowlists))
    watched, present = await link.batch([("WATCH", *names), ("EXISTS", *names)])
    if isinstance(present, int) and present and not isinstance(watched, ServerError):
        replies = await link.batch([("MULTI",), ("SETNX", keys.revision, 0), ("EXEC",)])
    else:
        replies = [watched, present, *await link.batch([("MULTI",), ("EXEC",)])]  # an empty one ends the watching
    for reply in replies:
        if isinstance(reply, ServerError) and reply.code == "NOPERM":
            raise StoreUnavailableError(f"the policy has no revision, and cannot be given one: {reply} ({keys.revision})")
