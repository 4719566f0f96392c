"""What is known of a stored object: whose it is, what it is, and which models had a part in it."""

from msgspec import Struct

from gateway.policy.snapshot import Snapshot
from gateway.policy.stage import GENERAL, stage_of


class Holding(Struct, frozen=True):
    """One object. `owner` is an organisation as allowlists name it; `created` are epoch seconds.

    `models`: each that made it, or whose answers it has taken up; none for what a caller has sent.
    """

    owner: str
    kind: str
    models: tuple[str, ...] = ()
    created: int = 0


def outlasts(model: str, snapshot: Snapshot, wall: float) -> bool:
    """Whether work on `model` that nobody waits for could outlast a permission: it is gated, or not released to all. Unknown: so too."""
    known = snapshot.catalogue.get(model)
    return known is None or known.gated or stage_of(known, snapshot, wall)[0] is not GENERAL
