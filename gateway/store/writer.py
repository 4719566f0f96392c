"""Changes of the policy, each one transaction: the data, the revision, and an entry in the stream of changes that says who and why.

`before` in that entry is what the change replaced: everything read is WATCHed, and the transaction is tried again if another came first.
"""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, cast

import redis.asyncio
from msgspec import Struct
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, WatchError

from gateway.errors import CommandError, StoreUnavailableError
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.keys import Keys
from gateway.store.reader import ChangeEntry, PolicyReader
from gateway.store.rules import Expand

ATTEMPTS: Final = 50
"""Times that a change is tried when others keep coming first."""

Entry = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]

_TYPES: Final = ("none", "hash"), ("none", "string"), ("none", "stream")


class Change(Struct, frozen=True):
    """One change that was made: the revision it gave the policy, and the JSON of the entry before and after (None: no entry).

    `written_at`: when, by the store's clock in the same transaction, epoch seconds; None where nothing was written.
    """

    revision: int
    before: bytes | None
    after: bytes | None
    written_at: float | None = None


class _Edit(Struct, frozen=True):
    what: str
    key: str
    field: str
    after: bytes | None
    who: str
    why: str


class PolicyWriter:
    """Writes for `actor` (who asked) and `reason` (why). Raises CommandError for a bad entry, StoreUnavailableError if it cannot write.

    `expand` reads country groups in conditions and rules: an entry that the gate could not read is not written.
    """

    def __init__(self, client: "redis.asyncio.Redis", keys: Keys, expand: Expand = frozenset) -> None:
        self._client = client
        self._keys = keys
        self._expand = expand

    def __repr__(self) -> str:
        return f"PolicyWriter({self._keys})"

    async def put_grant(self, model: str, organisation: str, grant_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Put an organisation on the allowlist of the model with this id, replacing its grant."""
        _, problem = decode_grant(_raw(grant_json), self._expand)
        return await self._change(_Edit("grant.put", self._keys.allowlist(model), organisation, _sound(grant_json, problem), actor, reason))

    async def remove_grant(self, model: str, organisation: str, actor: str, reason: str = "") -> Change:
        """Take an organisation off the allowlist of a model. Removing what is not there changes nothing: `before` is None."""
        return await self._change(_Edit("grant.remove", self._keys.allowlist(model), organisation, None, actor, reason))

    async def put_stage(self, model: str, stage_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Set the stage record of the model with this id."""
        _, problem = decode_stage(_raw(stage_json))
        return await self._change(_Edit("stage.put", self._keys.models, model, _sound(stage_json, problem), actor, reason))

    async def put_directive(self, name: str, directive_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Apply a directive, replacing the one with this id."""
        _, problem = decode_directive(name, _raw(directive_json), self._expand)
        return await self._change(_Edit("directive.put", self._keys.directives, name, _sound(directive_json, problem), actor, reason))

    async def remove_directive(self, name: str, actor: str, reason: str = "") -> Change:
        """Lift a directive."""
        return await self._change(_Edit("directive.remove", self._keys.directives, name, None, actor, reason))

    async def put_revocation(self, name: str, revocation_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Revoke `jti:…`, `sub:<issuer>/<sub>` or `org:<org>`."""
        _, problem = decode_revocation(_raw(revocation_json))
        return await self._change(_Edit("revocation.put", self._keys.revocations, name, _sound(revocation_json, problem), actor, reason))

    async def remove_revocation(self, name: str, actor: str, reason: str = "") -> Change:
        """Undo a revocation."""
        return await self._change(_Edit("revocation.remove", self._keys.revocations, name, None, actor, reason))

    async def read_changes(self, since: float = 0.0) -> list[ChangeEntry]:
        """List the changes made from `since` (epoch seconds) on, oldest first."""
        return await PolicyReader(self._client, self._keys).changes(since)

    async def _change(self, edit: _Edit) -> Change:
        try:
            async with self._client.pipeline(transaction=True) as pipeline:
                for _ in range(ATTEMPTS):
                    with contextlib.suppress(WatchError):
                        return await self._attempt(pipeline, edit)
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the change was not made, or its answer was lost: {error}") from None
        raise StoreUnavailableError(f"the change was not made: others came first {ATTEMPTS} times; try again")

    async def _attempt(self, pipeline: Pipeline, edit: _Edit) -> Change:
        keys = self._keys
        await pipeline.watch(edit.key, keys.revision, keys.changes)
        await self._check_types(pipeline, (edit.key, keys.revision, keys.changes))
        before = cast("bytes | None", await pipeline.hget(edit.key, edit.field))
        revision = _number(await pipeline.get(keys.revision)) + 1
        if before is None and edit.after is None:
            return Change(revision - 1, None, None)
        when = _when(*await pipeline.time())
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.time()
        if edit.after is None:
            pipeline.hdel(edit.key, edit.field)
        else:
            pipeline.hset(edit.key, edit.field, edit.after)
        pipeline.incr(keys.revision)
        pipeline.xadd(keys.changes, _entry(edit, revision, when, before))
        (seconds, microseconds), *_ = await pipeline.execute()
        return Change(revision, before, edit.after, seconds + microseconds / 1e6)

    async def _check_types(self, pipeline: Pipeline, keys: Iterable[str]) -> None:
        """A transaction is not undone where one of its commands fails, so a key of the wrong type is refused before."""
        for key, allowed in zip(keys, _TYPES, strict=True):
            found = cast("bytes", await pipeline.type(key)).decode()
            if found not in allowed:
                raise CommandError(f"{key} is a {found} in the store, not a {allowed[1]}: remove or rename it first")


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _sound(text: str | bytes, problem: str) -> bytes:
    if problem:
        raise CommandError(f"the entry cannot be stored: {problem}")
    return _raw(text)


def _entry(edit: _Edit, revision: int, when: str, before: bytes | None) -> Entry:
    said: Entry = {"revision": revision, "when": when, "who": edit.who, "what": edit.what, "why": edit.why}
    return said | {"key": edit.key, "field": edit.field, "before": before or b"", "after": edit.after or b""}


def _number(value: Any) -> int:  # noqa: ANN401 (what redis-py answers)
    try:
        return int(value or 0)
    except ValueError:
        raise CommandError("the revision in the store is not a number: set it to the last known one first") from None


def _when(seconds: int, microseconds: int) -> str:
    instant = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
