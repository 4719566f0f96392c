"""Changes made around the tools: the content of the policy has changed, and its revision has not risen with it."""

import math

from gateway.policy.snapshot import Snapshot


def changed_outside(old: Snapshot, new: Snapshot) -> bool:
    """Say whether somebody wrote to the store by hand between two policies; a new catalogue, and the first reading, are no such change.

    An edit that comes together with a change by the tools cannot be told from it.
    """
    if old.confirmed_at == -math.inf or old.catalogue is not new.catalogue:
        return False
    return old.digest != new.digest and new.revision <= old.revision
