"""What was truly permitted when: the operator's side of the story, against which the logs of an observer are checked.

An edit is in doubt from the moment it is sent until the bound after its answer; outside that span there is one right behaviour.
Instants are steady seconds (`time.monotonic`), a key is (organisation, model).
"""

import contextlib
import math
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

Key = tuple[str, str]


class Bound(Struct, frozen=True):
    """Seconds. `reachable`: a change takes effect, the store being there; `unreachable`: where it is not; `recovery`: back to normal after.

    `patience`: for so long without the store nobody is refused anything.
    """

    reachable: float = 1.5
    unreachable: float = 2.0
    recovery: float = 4.0
    patience: float = 15.0


class Edit(Struct):
    """From some instant between `sent` and `acked` (infinity: not answered yet) on, the key is permitted or not."""

    sent: float
    acked: float
    permitted: bool


class Outage(Struct):
    """The gate cannot reach the store from `began` to `ended`; not `total`: it may, from some instant of that time on."""

    began: float
    ended: float = math.inf
    total: bool = True


class Ledger:
    """Who may use what. A key never mentioned is not permitted; models not in `gated` do without the store's confirmation."""

    def __init__(self, gated: Iterable[str], bound: Bound) -> None:
        self.gated = frozenset(gated)
        self.bound = bound
        self.outages: list[Outage] = []
        self._edits: dict[Key, list[Edit]] = {}

    def __repr__(self) -> str:
        return f"<Ledger of {len(self._edits)} keys, {len(self.outages)} outages>"

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key ever permitted or not."""
        return tuple(self._edits)

    @contextlib.contextmanager
    def writing(self, changes: Mapping[Key, bool]) -> Iterator[None]:
        """Write `changes` in the block: they are in force at the latest when it ends."""
        edits = [self.note(key, permitted=permitted, sent=time.monotonic(), acked=math.inf) for key, permitted in changes.items()]
        try:
            yield
        finally:
            for edit in edits:
                edit.acked = time.monotonic()

    @contextlib.contextmanager
    def outage(self, *, total: bool = True) -> Iterator[None]:
        """The store is out of reach in the block; not `total`: for some of it."""
        self.outages.append(outage := Outage(time.monotonic(), total=total))
        try:
            yield
        finally:
            outage.ended = time.monotonic()

    def note(self, key: Key, *, permitted: bool, sent: float, acked: float) -> Edit:
        """Enter one edit; `sent` is not before that of the key's last one, and may lie ahead."""
        edit = Edit(sent, acked, permitted)
        self._edits.setdefault(key, []).append(edit)
        return edit

    def settle(self) -> None:
        """Every permission noted so far has been seen in force: none is in doubt any more."""
        for edits in self._edits.values():
            for edit in edits:
                edit.acked = -math.inf if edit.permitted else edit.acked

    def permits(self, key: Key) -> bool:
        """Whether the last edit permits."""
        edits = self._edits.get(key)
        return bool(edits) and edits is not None and edits[-1].permitted

    def last_edit(self, key: Key, at: float) -> Edit | None:
        """Give the last edit sent until `at`."""
        edits = self._edits.get(key, [])
        index = bisect_right(edits, at, key=lambda edit: edit.sent)
        return edits[index - 1] if index else None

    def deadline(self, edit: Edit) -> float:
        """When an edit is in force at the latest."""
        cut_off = any(outage.began < edit.acked + self.bound.reachable and edit.sent < outage.ended for outage in self.outages)
        return edit.acked + (self.bound.unreachable if cut_off else self.bound.reachable)

    def forbidden(self, key: Key, at: float) -> bool:
        """Whether nothing may pass at `at`, for certain."""
        edit = self.last_edit(key, at)
        if edit is None or (not edit.permitted and at > self.deadline(edit)):
            return True
        return key[1] in self.gated and any(
            outage.total and outage.began + self.bound.unreachable < at < outage.ended for outage in self.outages
        )

    def owed(self, key: Key, since: float, until: float) -> bool:
        """Whether it must pass all the time from `since` to `until`, for certain."""
        edit = self.last_edit(key, until)
        if edit is None or not edit.permitted or edit.acked + self.bound.reachable > since:
            return False
        return not any(self._excused(key, edit, outage, since, until) for outage in self.outages)

    def _excused(self, key: Key, edit: Edit, outage: Outage, since: float, until: float) -> bool:
        """Whether an outage may be the reason of a refusal: the policy is stale, or the permission could not be heard of."""
        if since > outage.ended + self.bound.recovery:
            return False
        unheard = edit.acked + self.bound.reachable > outage.began
        return unheard or (key[1] in self.gated and until >= outage.began + self.bound.patience)
