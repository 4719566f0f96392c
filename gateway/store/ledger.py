"""The ledger of stored objects: whose each one is. One HASH an object, beside the policy and under another prefix than the watch tracks.

`owner` is written once and by whoever comes first; models are only ever added. An entry lives `keep` seconds after its last use.
Failures are StoreUnavailableError: whoever asks must then refuse.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import redis.asyncio
from redis.exceptions import RedisError

from gateway.errors import StoreUnavailableError
from gateway.policy.holding import Holding

OWNER: Final = b"owner"
KIND: Final = b"kind"
CREATED: Final = b"created"
MODEL: Final = b"model:"
AT_ONCE: Final = 32
"""Connections that one worker opens for the ledger at most."""

Note = Callable[[str, str], None]
"""Told of each operation, and how it went."""


def ledger_prefix(prefix: str) -> str:
    """Give the ledger's prefix beside the policy's: `gateway-ledger:` beside `gateway:`, `{gateway}-ledger:` beside `{gateway}:`."""
    return f"{prefix.removesuffix(':')}-ledger:"


class Ledger:
    """Speaks through `client`, which is the caller's to close. `keep` 0: for good."""

    def __init__(self, client: "redis.asyncio.Redis", prefix: str, keep: float, note: Note) -> None:
        self._client = client
        self._prefix = ledger_prefix(prefix)
        self._keep = int(keep)
        self._note = note
        self._room = asyncio.Semaphore(AT_ONCE)

    def __repr__(self) -> str:
        return f"Ledger({self._prefix}*, keep {self._keep} s)"

    def key(self, upstream: str, name: str) -> str:
        """Name the entry of an object at an upstream: ids are only told apart within one."""
        return f"{self._prefix}{upstream}:{name}"

    async def look_up(self, upstream: str, names: Sequence[str]) -> list[Holding | None]:
        """Give what is known of each object, None where nothing is; each entry known lives on for `keep` seconds."""

        def ask(pipeline: Any) -> None:  # noqa: ANN401 - redis-py's own
            for name in names:
                pipeline.hgetall(self.key(upstream, name))
            self._prolong(pipeline, upstream, names)

        answers = await self._carried_out("look_up", ask, transaction=False)
        return [_holding(fields) for fields in answers[: len(names)]]

    async def enter(self, upstream: str, names: Sequence[str], holding: Holding) -> bool:
        """Enter objects as one owner's, in one step; False where another owner has one of them, who then stays.

        Its models may be more then: that denies more, never less.
        """
        fields = {KIND: holding.kind.encode(), CREATED: b"%d" % (holding.created or time.time())}
        fields |= {MODEL + model.encode(): b"1" for model in holding.models}

        def write(pipeline: Any) -> None:  # noqa: ANN401 - redis-py's own
            for name in names:
                key = self.key(upstream, name)
                pipeline.hsetnx(key, OWNER, holding.owner.encode())
                for field, value in fields.items():
                    pipeline.hsetnx(key, field, value)
                pipeline.hget(key, OWNER)
            self._prolong(pipeline, upstream, names)

        answers = await self._carried_out("enter", write)
        step = len(fields) + 2
        entered = all(answers[step * (place + 1) - 1] == holding.owner.encode() for place in range(len(names)))
        if not entered:
            self._note("enter", "foreign")
        return entered

    async def mark(self, upstream: str, names: Sequence[str], models: Sequence[str]) -> None:
        """Objects have taken up what these models say."""

        def write(pipeline: Any) -> None:  # noqa: ANN401 - redis-py's own
            for name in names:
                for model in models:
                    pipeline.hsetnx(self.key(upstream, name), MODEL + model.encode(), b"1")
            self._prolong(pipeline, upstream, names)

        await self._carried_out("mark", write)

    async def remove(self, upstream: str, name: str) -> None:
        """An object is no more."""
        await self._carried_out("remove", lambda pipeline: pipeline.delete(self.key(upstream, name)))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _prolong(self, pipeline: Any, upstream: str, names: Sequence[str]) -> None:  # noqa: ANN401 - redis-py's own
        if self._keep:
            for name in names:
                pipeline.expire(self.key(upstream, name), self._keep)

    async def _carried_out(self, operation: str, fill: Callable[[Any], object], *, transaction: bool = True) -> list[Any]:
        try:
            async with self._room, self._client.pipeline(transaction=transaction) as pipeline:
                fill(pipeline)
                answers: list[Any] = await pipeline.execute()
        except (RedisError, StoreUnavailableError, OSError, TimeoutError) as error:
            self._note(operation, "failed")
            raise StoreUnavailableError(f"the ledger does not answer: {error}") from None
        self._note(operation, "ok")
        return answers


def _holding(fields: dict[bytes, bytes]) -> Holding | None:
    """Read an entry. One without an owner, or that is not as the gate writes it, is nobody's."""
    try:
        owner = fields[OWNER].decode()
        models = tuple(sorted(name.removeprefix(MODEL).decode() for name in fields if name.startswith(MODEL)))
        return Holding(owner, fields[KIND].decode(), models, int(fields[CREATED]))
    except (KeyError, ValueError):
        return None
