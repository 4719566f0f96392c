"""Changes of the policy, each one transaction: the data, the revision, and an entry in the stream of changes that says who and why.

`before` in that entry is what the change replaced: everything read is WATCHed, and the transaction is tried again if another came first.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import redis.asyncio
from msgspec import Struct
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, WatchError

from gateway.errors import CommandError, OvertakenError, StoreUnavailableError
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.edit import Condition, Edit
from gateway.store.keys import Keys
from gateway.store.reader import ChangeEntry, PolicyReader
from gateway.store.rules import Expand

ATTEMPTS: Final = 50
"""Times that a change is tried when others keep coming first, or the server to ask changes."""

Entry = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]


class Change(Struct, frozen=True):
    """One change that was made: the revision it gave the policy, and the JSON of the entry before and after (None: no entry).

    `written_at`: when, by the store's clock in the same transaction, epoch seconds; None where nothing was written.
    """

    revision: int
    before: bytes | None
    after: bytes | None
    written_at: float | None = None


class _Order(Struct, frozen=True):
    """Edits that are made together, by whom and why, if every condition holds and, where `at` is given, the revision is still that."""

    edits: Sequence[Edit]
    who: str
    why: str
    conditions: Sequence[Condition] = ()
    at: int | None = None
    proof: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*(edit.key for edit in self.edits), *(condition.key for condition in self.conditions)]))


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
        return await self._one(Edit("grant.put", self._keys.allowlist(model), organisation, _raw(grant_json)), actor, reason)

    async def remove_grant(self, model: str, organisation: str, actor: str, reason: str = "") -> Change:
        """Take an organisation off the allowlist of a model. Removing what is not there changes nothing: `before` is None."""
        return await self._one(Edit("grant.remove", self._keys.allowlist(model), organisation, None), actor, reason)

    async def put_stage(self, model: str, stage_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Set the stage record of the model with this id."""
        return await self._one(Edit("stage.put", self._keys.models, model, _raw(stage_json)), actor, reason)

    async def put_directive(self, name: str, directive_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Apply a directive, replacing the one with this id."""
        return await self._one(Edit("directive.put", self._keys.directives, name, _raw(directive_json)), actor, reason)

    async def remove_directive(self, name: str, actor: str, reason: str = "") -> Change:
        """Lift a directive."""
        return await self._one(Edit("directive.remove", self._keys.directives, name, None), actor, reason)

    async def put_revocation(self, name: str, revocation_json: str | bytes, actor: str, reason: str = "") -> Change:
        """Revoke `jti:…`, `sub:<issuer>/<sub>` or `org:<org>`."""
        return await self._one(Edit("revocation.put", self._keys.revocations, name, _raw(revocation_json)), actor, reason)

    async def remove_revocation(self, name: str, actor: str, reason: str = "") -> Change:
        """Undo a revocation."""
        return await self._one(Edit("revocation.remove", self._keys.revocations, name, None), actor, reason)

    async def read_changes(self, since: float = 0.0) -> list[ChangeEntry]:
        """List the changes made from `since` (epoch seconds) on, oldest first."""
        return await PolicyReader(self._client, self._keys).changes(since)

    async def carry_out(
        self,
        edits: Sequence[Edit],
        actor: str,
        reason: str = "",
        conditions: Sequence[Condition] = (),
        *,
        at: int | None = None,
        proof: str = "",
    ) -> tuple[Change, ...]:
        """Make all of these edits in one transaction and under one revision, or none; the answer has one change for each.

        Raises CommandError where a condition does not hold (any more), OvertakenError where the policy is not at revision `at` any more.
        `proof` is kept with the first of the entries.
        """
        for edit in edits:
            self._check(edit)
        return await self._change(_Order(edits, actor, reason, conditions, at, proof))

    async def _one(self, edit: Edit, actor: str, reason: str) -> Change:
        return (await self.carry_out((edit,), actor, reason))[0]

    def _check(self, edit: Edit) -> None:
        """Refuse what no gate could read."""
        raw, expand = edit.after, self._expand
        if raw is None or edit.key == self._keys.pending:
            return
        keys = self._keys
        decoders: dict[str, Callable[[], tuple[object, str]]] = {
            keys.models: lambda: decode_stage(raw),
            keys.directives: lambda: decode_directive(edit.field, raw, expand),
            keys.revocations: lambda: decode_revocation(raw),
        }
        _, problem = decoders.get(edit.key, lambda: decode_grant(raw, expand))()
        if problem:
            raise CommandError(f"the entry cannot be stored: {problem}")

    async def _change(self, order: _Order) -> tuple[Change, ...]:
        try:
            async with self._client.pipeline(transaction=True) as pipeline:
                for _ in range(ATTEMPTS):
                    with contextlib.suppress(WatchError):
                        return await self._attempt(pipeline, order)
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the change was not made, or its answer was lost: {error}") from None
        raise StoreUnavailableError(f"the change was not made: others came first, or no server took it, {ATTEMPTS} times; try again")

    async def _attempt(self, pipeline: Pipeline, order: _Order) -> tuple[Change, ...]:
        keys = self._keys
        await pipeline.watch(*order.keys, keys.revision, keys.changes)
        await self._check_types(pipeline, order.keys)
        revision = _number(await pipeline.get(keys.revision)) + 1
        if order.at is not None and order.at != revision - 1:
            raise OvertakenError("another change came first, so that this one was not judged by the policy as it is: try again.")
        await self._check_conditions(pipeline, order.conditions)
        befores = [cast("bytes | None", await pipeline.hget(edit.key, edit.field)) for edit in order.edits]
        effective = [
            (edit, before) for edit, before in zip(order.edits, befores, strict=True) if before is not None or edit.after is not None
        ]
        if not effective:
            return tuple(Change(revision - 1, None, None) for _ in order.edits)
        when = _when(*await pipeline.time())
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.time()
        for condition in order.conditions:
            if condition.spent:
                pipeline.hdel(condition.key, condition.field)
        for edit, _ in effective:
            if edit.after is None:
                pipeline.hdel(edit.key, edit.field)
            else:
                pipeline.hset(edit.key, edit.field, edit.after)
        pipeline.incr(keys.revision)
        for number, (edit, before) in enumerate(effective):
            proof: Entry = {"proof": order.proof} if order.proof and not number else {}
            pipeline.xadd(keys.changes, _entry(edit, order, revision, when, before) | proof)
        (seconds, microseconds), *_ = await pipeline.execute()
        written = seconds + microseconds / 1e6
        return tuple(Change(revision, before, edit.after, written) for edit, before in zip(order.edits, befores, strict=True))

    async def _check_types(self, pipeline: Pipeline, hashes: Sequence[str]) -> None:
        """A transaction is not undone where one of its commands fails, so a key of the wrong type is refused before."""
        wanted = (*((key, "hash") for key in hashes), (self._keys.revision, "string"), (self._keys.changes, "stream"))
        for key, kind in wanted:
            found = cast("bytes", await pipeline.type(key)).decode()
            if found not in ("none", kind):
                raise CommandError(f"{key} is a {found} in the store, not a {kind}: remove or rename it first")

    async def _check_conditions(self, pipeline: Pipeline, conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            if await pipeline.hget(condition.key, condition.field) != condition.value:
                raise CommandError(f"{condition.field!r} in {condition.key} has changed meanwhile: look at it again. Nothing has changed.")


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _entry(edit: Edit, order: _Order, revision: int, when: str, before: bytes | None) -> Entry:
    said: Entry = {"revision": revision, "when": when, "who": order.who, "what": edit.what, "why": order.why}
    return said | {"key": edit.key, "field": edit.field, "before": before or b"", "after": edit.after or b""}


def _number(value: Any) -> int:  # noqa: ANN401 (what redis-py answers)
    try:
        return int(value or 0)
    except ValueError:
        raise CommandError("the revision in the store is not a number: set it to the last known one first") from None


def _when(seconds: int, microseconds: int) -> str:
    instant = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
