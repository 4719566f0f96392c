"""Revocations as commands and as rows; pure.

A key is `jti:<token id>`, `jti:<issuer>/<token id>`, `sub:<issuer>/<subject>` or `org:<organisation>`.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from msgspec import Struct

from gateway.admin.instants import read_instant, write_instant
from gateway.errors import CommandError
from gateway.policy.snapshot import Revocation, Snapshot
from gateway.settings.shape import Issuer

LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 1024
KINDS: Final = {"jti": "token", "sub": "subject", "org": "organisation"}


class Revoke(Struct, frozen=True):
    """Refuse whoever `key` names, and cut what runs for them; `entry` is the JSON object to be stored."""

    key: str
    entry: dict[str, object]
    reason: str = ""


class LiftRevocation(Struct, frozen=True):
    """Take the revocation `key` away."""

    key: str
    reason: str = ""


def revoke_token(
    token_id: str, issuers: Sequence[Issuer] | None, now: datetime, *, issuer: str = "", until: str = "", reason: str = ""
) -> Revoke:
    """Check the revocation of one token by its `jti`, of any issuer or of one; raises CommandError with the right form."""
    name = _identifier(token_id, "JTI")
    return _revoke(f"jti:{_issuer(issuer, issuers)}/{name}" if issuer else f"jti:{name}", now, until, reason)


def revoke_subject(
    issuer: str, subject: str, issuers: Sequence[Issuer] | None, now: datetime, *, until: str = "", reason: str = ""
) -> Revoke:
    """Check the revocation of one subject of one issuer: all its tokens, old and new."""
    return _revoke(f"sub:{_issuer(issuer, issuers)}/{_identifier(subject, 'SUB')}", now, until, reason)


def revoke_organisation(organisation: str, now: datetime, *, until: str = "", reason: str = "") -> Revoke:
    """Check the revocation of an organisation, written as on the allowlists."""
    return _revoke(f"org:{_identifier(organisation, 'ORG')}", now, until, reason)


def lift_revocation(key: str, *, reason: str = "") -> LiftRevocation:
    """Check a key as `revoke list` shows it."""
    kind, colon, name = key.partition(":")
    if not colon or kind not in KINDS or not name:
        raise CommandError(f"{key!r} is no revocation. Write its key as `gateway revoke list` shows it, such as org:org_acme.")
    return LiftRevocation(key, _text(reason))


def revocation_rows(snapshot: Snapshot, now: float) -> list[dict[str, Any]]:
    """List every revocation by its key; `state` as it is at `now` (epoch seconds)."""
    problems = {entry.field: entry.problem for entry in snapshot.invalid if entry.key.endswith("revocations")}
    return [
        {
            "key": key,
            "kind": KINDS.get(key.partition(":")[0], ""),
            "state": _state(revocation, now),
            "until": write_instant(datetime.fromtimestamp(revocation.until, UTC)) if math.isfinite(revocation.until) else None,
            "reason": revocation.reason,
            "problem": problems.get(key, ""),
        }
        for key, revocation in sorted(snapshot.revocations.items())
    ]


def _revoke(key: str, now: datetime, until: str, reason: str) -> Revoke:
    entry: dict[str, object] = {}
    if until:
        end = read_instant(until, now, "--until")
        if end <= now:
            raise CommandError(f"--until {write_instant(end)} is in the past: nothing would be revoked.")
        entry["until"] = write_instant(end)
    if reason:
        entry["reason"] = _text(reason)
    return Revoke(key, entry, reason)


def _state(revocation: Revocation, now: float) -> str:
    if revocation.invalid:
        return "invalid"
    return "in force" if now < revocation.until else "expired"


def _issuer(name: str, issuers: Sequence[Issuer] | None) -> str:
    """Find the issuer by its name in the settings, or by its URL; without settings the name is taken as it is."""
    if issuers is None:
        return _identifier(name, "ISSUER")
    found = next((issuer.name for issuer in issuers if name in (issuer.name, issuer.issuer)), None)
    if found is not None:
        return found
    names = [issuer.name for issuer in issuers]
    near = get_close_matches(name, names, cutoff=0.5) or names
    raise CommandError(f"issuer {name!r} is not in the settings: no token of it is accepted. Write one of: {', '.join(near)}.")


def _identifier(name: str, option: str) -> str:
    """Whatever a token may carry (`identity.rules.is_identifier`), spaces at its ends too."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise CommandError(f"{option}: {name!r} stands in no token. Write 1 to {LONGEST_NAME} printable characters.")
    return name


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise CommandError(f"--reason: write at most {LONGEST_TEXT} printable characters on one line.")
    return text
