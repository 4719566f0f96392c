"""Key ids that an issuer was asked for and did not have: each is asked for ever more rarely. Pure."""

from typing import Final

from msgspec import Struct

CAPACITY: Final = 1024
"""Most key ids remembered; the oldest is forgotten first (the fetch interval still holds for it)."""

LONGEST: Final = 600.0
"""Longest time that one key id is not asked for again, seconds."""


class _Absence(Struct, frozen=True, gc=False):
    until: float
    delay: float


class AbsentKeys:
    """A bounded negative cache of key ids, on the steady clock (seconds)."""

    def __init__(self, first_delay: float) -> None:
        self._first_delay = first_delay
        self._entries: dict[str | None, _Absence] = {}

    def __repr__(self) -> str:
        return f"<AbsentKeys {len(self._entries)}>"

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, kid: str | None, now: float) -> bool:
        """Say whether `kid` is known to be absent at `now`."""
        entry = self._entries.get(kid)
        return entry is not None and now < entry.until

    def add(self, kid: str | None, now: float) -> None:
        """Remember that `kid` was not there at `now`; each time again doubles the delay."""
        before = self._entries.pop(kid, None)
        delay = self._first_delay if before is None else min(LONGEST, 2 * before.delay)
        self._entries[kid] = _Absence(now + delay, delay)
        if len(self._entries) > CAPACITY:
            del self._entries[next(iter(self._entries))]

    def clear(self) -> None:
        """Forget all: the keys have changed."""
        self._entries.clear()
