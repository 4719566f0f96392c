"""What the operators' lists show: entries as they are stored, changes as they were made, replicas as they reported themselves."""

import math
from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from gateway.errors import CommandError, StoreUnavailableError
from gateway.store.keys import Keys

PAGE: Final = 10_000
"""Changes that are asked for at a time."""

FIELDS: Final = ("when", "who", "what", "why", "key", "field", "before", "after")

DIGITS: Final = 20
"""A revision has fewer: the store counts to 2**63."""

ChangeEntry = dict[str, str | int]
"""One entry of the stream of changes: id, revision, when, who, what, why, key, field, before, after (empty: no entry)."""


class PolicyReader:
    """Reads the store once per question, for lists; decisions are made on a Snapshot.

    Raises StoreUnavailableError, and CommandError that names a key of another type.
    """

    def __init__(self, client: "redis.asyncio.Redis", keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def __repr__(self) -> str:
        return f"PolicyReader({self._keys})"

    async def allowlist(self, model: str) -> Mapping[str, str]:
        """Organisation -> grant JSON of the model with this id."""
        return await self._hash(self._keys.allowlist(model))

    async def allowlisted_models(self) -> tuple[str, ...]:
        """Ids of all models that have an allowlist, whether or not the catalogue knows them."""
        pattern = "".join(f"[{letter}]" if letter in "*?[\\" else letter for letter in self._keys.allowlist("")) + "*"
        try:
            found = [self._keys.model_of(key.decode()) async for key in self._client.scan_iter(match=pattern, count=1000)]
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the store cannot be read: {error}") from None
        return tuple(sorted({model for model in found if model is not None}))

    async def models(self) -> Mapping[str, str]:
        """Model id -> stage record JSON."""
        return await self._hash(self._keys.models)

    async def directives(self) -> Mapping[str, str]:
        """Id -> directive JSON."""
        return await self._hash(self._keys.directives)

    async def revocations(self) -> Mapping[str, str]:
        """Name -> revocation JSON."""
        return await self._hash(self._keys.revocations)

    async def replicas(self) -> Mapping[str, str]:
        """Worker -> the JSON that it reported last."""
        return await self._hash(self._keys.replicas)

    async def pending(self) -> Mapping[str, str]:
        """Name -> a change that waits for a second person."""
        return await self._hash(self._keys.pending)

    async def now(self) -> float:
        """Read the store's own clock, epoch seconds."""
        seconds, microseconds = await self._ask(self._client.time())
        return float(seconds) + float(microseconds) / 1e6

    async def revision(self) -> int | None:
        """Answer the revision; None where no change was ever made with the tools or seen by a gate."""
        value = await self._ask(self._client.get(self._keys.revision))
        return int(value) if isinstance(value, bytes) and value.isdigit() else None

    async def changes(self, since: float = 0.0, page: int = PAGE) -> list[ChangeEntry]:
        """List the changes made from `since` (epoch seconds) on, oldest first; `page` of them are asked for at a time."""
        first = str(math.floor(since * 1000)) if since > 0 else "-"
        found: list[ChangeEntry] = []
        while True:
            entries = await self._ask(self._client.xrange(self._keys.changes, min=first, count=page), self._keys.changes)
            found += [_entry(identity.decode(), fields) for identity, fields in entries]
            if len(entries) < page:
                return found
            first = f"({found[-1]['id']}"

    async def policy(self) -> Mapping[str, Mapping[str, str]]:
        """Key -> field -> what is stored, of every key that is policy."""
        keys = self._keys
        lists = [keys.allowlist(model) for model in await self.allowlisted_models()]
        return {key: await self._hash(key) for key in (keys.models, keys.directives, keys.revocations, *lists)}

    async def _hash(self, key: str) -> Mapping[str, str]:
        entries = await self._ask(cast("Awaitable[dict[bytes, bytes]]", self._client.hgetall(key)), key)
        return {_text(name): _text(value) for name, value in sorted(entries.items())}

    async def _ask(self, question: Awaitable[Any], key: str = "") -> Any:  # noqa: ANN401 (what redis-py answers)
        try:
            return await question
        except ResponseError as refused:
            if key and str(refused).startswith("WRONGTYPE"):
                raise CommandError(f"{key} is of another type in the store than it should be: remove or rename it first") from None
            raise StoreUnavailableError(f"the store cannot be read: {refused}") from None
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the store cannot be read: {error}") from None


def _entry(identity: str, fields: Mapping[bytes, bytes]) -> ChangeEntry:
    """Read one entry; what somebody has added by hand may lack any field, and must not keep the others from being read."""
    said: ChangeEntry = {_text(name): _text(value) for name, value in fields.items()}
    revision = str(said.get("revision", ""))
    number = int(revision) if revision.isdecimal() and len(revision) < DIGITS else 0
    return {"id": identity} | dict.fromkeys(FIELDS, "") | said | {"id": identity, "revision": number}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
