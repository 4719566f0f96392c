"""Whom the path asks: who the caller is, where it is, what the policy says. The composition root hands them in."""

from collections.abc import Sequence
from typing import Protocol

from gateway.identity.verifier import NeedKeys
from gateway.policy.access import Instant, Location, Subject
from gateway.policy.snapshot import Snapshot
from gateway.policy.vocabulary import Reason


class PolicySource(Protocol):
    """Who has the policy in force."""

    snapshot: Snapshot


class Identifier(Protocol):
    """Who turns a token into a subject."""

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
        """Say who it is, why not, or which keys must be fetched first. `shown`: the thumbprint of the client's certificate."""

    async def fetch_keys(self, need: NeedKeys) -> None:
        """Fetch them, or learn that they cannot be had."""


class Locator(Protocol):
    """Who says where a client is. The same peer and headers get the same answer within one `generation`."""

    @property
    def generation(self) -> int:
        """Moves when what is known of places changes."""

    def locate(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> tuple[str, Location]:
        """Give the client's address and its place."""
