"""Answers already given, for callers who ask the same again: the very same subject, model, place and route, under the very same policy.

`decide` is a pure function, and a `Permit` carries the bounds up to which time alone changes nothing. So while the snapshot is the same
object and both clocks are between the decision and the bounds, asking again can only give the same permit: it is not asked. A clock set
back is before them: what had begun may not have begun yet, what had ended may be in force. Nothing is kept by duration, nothing about a
refusal is kept, and a new snapshot (each change, each confirmation by the store) forgets everything.
"""

from typing import Final

from msgspec import Struct

from gateway.audit.instruments import Counter
from gateway.audit.records import Form
from gateway.policy.access import Instant, Location, Subject
from gateway.policy.decision import Permit
from gateway.policy.snapshot import Snapshot

CAPACITY: Final = 16_384


class Precedent(Struct, frozen=True, gc=False):
    """One permit, and what follows from it for every like request: the form of its record, the counter that it moves.

    `since`: when it was given, epoch seconds.
    """

    permit: Permit
    since: float
    form: Form
    counter: Counter


class Precedents:
    """Permits under one snapshot. Keys are identities; each permit holds the objects that its key names, so no other can take them."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[int, str, int, str], Precedent] = {}

    def __repr__(self) -> str:
        return f"<Precedents {len(self._known)}>"

    def find(self, subject: Subject, model: str, location: Location, route: str, snapshot: Snapshot, now: Instant) -> Precedent | None:
        """Give the permit that `decide` would give, if that is known; `route` is the name of the request's."""
        if snapshot is not self._snapshot:
            return None
        known = self._known.get((id(subject), model, id(location), route))
        if known is None or not known.since <= now.wall < known.permit.valid_until or now.steady > known.permit.fresh_until:
            return None
        return known

    def keep(self, precedent: Precedent, route: str, snapshot: Snapshot) -> None:
        """Remember what was decided under `snapshot`."""
        if snapshot is not self._snapshot or len(self._known) >= CAPACITY:
            self._known.clear()
            self._snapshot = snapshot
        access = precedent.permit.request
        self._known[id(access.subject), access.model, id(access.location), route] = precedent
