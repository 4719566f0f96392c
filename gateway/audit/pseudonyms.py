"""Subjects by HMAC: one person's records can be found by who holds the key, and nobody is named. Pure."""

import hmac
from typing import Final

from gateway.policy.access import Subject

REMEMBERED: Final = 50_000
"""Pseudonyms kept at hand; past it the memory starts afresh."""
SHORTEST_KEY: Final = 16
"""Bytes."""


class Pseudonyms:
    """Subjects by HMAC. Without a key every subject is empty: a plain hash of a known name would be the name."""

    __slots__ = ("_key", "_known", "key_id")

    def __init__(self, key: bytes = b"") -> None:
        """Use `key`, at least 16 bytes; raise ValueError if shorter and not empty."""
        if 0 < len(key) < SHORTEST_KEY:
            raise ValueError("the key for subjects in records must have at least 16 bytes: openssl rand -base64 32")
        self._key = key
        self._known: dict[tuple[str, str], str] = {}
        self.key_id = hmac.digest(key, b"gateway key id", "sha256").hex()[:8] if key else ""

    def __repr__(self) -> str:
        return f"<Pseudonyms key {self.key_id or 'none'}>"

    def of(self, subject: Subject) -> str:
        """Give 32 hexadecimal digits for issuer and subject, or nothing without a key."""
        if not self._key:
            return ""
        known = self._known.get((subject.issuer, subject.subject_id))
        return self._learn(subject) if known is None else known

    def _learn(self, subject: Subject) -> str:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        name = f"{len(subject.issuer)}:{subject.issuer}{subject.subject_id}".encode("utf-8", "surrogatepass")
        pseudonym = hmac.digest(self._key, name, "sha256").hex()[:32]
        self._known[subject.issuer, subject.subject_id] = pseudonym
        return pseudonym
