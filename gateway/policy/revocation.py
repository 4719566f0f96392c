"""Revocations: a token id, a subject, an organisation; each refuses whatever the model."""

import math
from typing import Final

from gateway.policy.access import Instant, Subject
from gateway.policy.check import Check
from gateway.policy.snapshot import Snapshot
from gateway.policy.vocabulary import Reason, Result

NOT_REVOKED: Final = Check("revocation", Result.PASS)


def check_revocations(subject: Subject, snapshot: Snapshot, now: Instant) -> list[Check]:
    """Refuse if any key that names this subject is revoked at `now`; an entry that did not parse revokes for good."""
    return [
        Check(f"revocation:{kind}", Result.FAIL, Reason.TOKEN_REVOKED, note="the entry did not parse" if entry.invalid else "")
        for kind, key in _keys(subject)
        if (entry := snapshot.revocations.get(key)) is not None and now.wall < (math.inf if entry.invalid else entry.until)
    ] or [NOT_REVOKED]


def _keys(subject: Subject) -> list[tuple[str, str]]:
    """Give the kind and the stored key of each; a token id is good with its issuer or without."""
    keys = [("sub", f"sub:{subject.issuer}/{subject.subject_id}")]
    if subject.token_id:
        keys += [("jti", f"jti:{subject.issuer}/{subject.token_id}"), ("jti", f"jti:{subject.token_id}")]
    if subject.organisation:
        keys.append(("org", f"org:{subject.organisation}"))
    return keys
