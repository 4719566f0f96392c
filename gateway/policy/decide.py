"""The one question, asked the same way by admission, the sweep of running streams, `explain` and every other caller."""

from gateway.policy.access import AccessRequest, Instant
from gateway.policy.decision import Decision
from gateway.policy.snapshot import Snapshot


def decide(request: AccessRequest, snapshot: Snapshot, now: Instant) -> Decision:
    """Permit or refuse `request` under `snapshot` at `now`; pure, total, never raises."""
    raise NotImplementedError
