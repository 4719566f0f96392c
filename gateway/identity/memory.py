"""What was found out about tokens, keyed by the whole token, bounded in number and bytes. Pure.

Keying by anything shorter than the whole token lets one token answer for another (CVE-2026-35030).
"""

from itertools import islice
from typing import Final, Generic, TypeVar

Finding = TypeVar("Finding")

MAX_BYTES: Final = 128 * 1024 * 1024
"""Most bytes of tokens held."""

_BATCH: Final = 64
"""The oldest entries leave in slices of 1/64: the dict is never searched for its first key once per token."""


class TokenMemory(Generic[Finding]):
    """A bounded map from whole tokens to findings; the oldest findings leave first. `get` is the dict's own, for speed."""

    __slots__ = ("_bytes", "_capacity", "_entries", "_max_bytes", "get")

    def __init__(self, capacity: int, max_bytes: int = MAX_BYTES) -> None:
        self._entries: dict[bytes, Finding] = {}
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._bytes = 0
        self.get = self._entries.get

    def __repr__(self) -> str:
        return f"<TokenMemory {len(self._entries)} of {self._capacity}, {self._bytes} bytes>"

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, token: bytes, finding: Finding) -> None:
        """Remember `finding` as the newest."""
        self.drop(token)
        while self._entries and (len(self._entries) >= self._capacity or self._bytes + len(token) > self._max_bytes):
            self._evict()
        self._entries[token] = finding
        self._bytes += len(token)

    def drop(self, token: bytes) -> None:
        """Forget `token`."""
        if self._entries.pop(token, None) is not None:
            self._bytes -= len(token)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._bytes = 0

    def _evict(self) -> None:
        for token in list(islice(self._entries, max(1, len(self._entries) // _BATCH))):
            self.drop(token)
