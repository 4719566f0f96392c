"""Who asked is asked again: after a wait, and when a connection that lasts wants something more. Tokens end, keys and issuers go."""

from gateway.identity.trust import NeedKeys
from gateway.policy.access import Instant, Subject
from gateway.policy.vocabulary import Reason
from gateway.proxy.sources import Identifier


def doubt(identifier: Identifier, credential: bytes | Reason, now: Instant, shown: str, subject: Subject) -> Reason | None:
    """Say why `credential` does not speak for `subject` any more at `now`; None where it still does. Keys are not waited for."""
    found = identifier.verify(credential, now, shown) if isinstance(credential, bytes) else credential
    if isinstance(found, NeedKeys):
        return Reason.KEYSET_UNAVAILABLE
    if isinstance(found, Subject):
        return None if found == subject else Reason.TOKEN_INVALID  # the same token, read by other rules
    return found
