"""What an upstream is told of a request that the gate lets through: headers of the gate's own family, and its signature on them.

Whatever a caller sends under these names, in any spelling, has been removed before (`wire/headers.py`), and nothing that it names in
`Connection` can take these away: they are added after. Each is set, empty where it is unknown.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol
from urllib.parse import quote

from gateway.identity.assertion import Statement
from gateway.policy.access import Instant
from gateway.policy.decision import Permit
from gateway.wire.memo import Memo

PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
_LONGEST: Final = 512


class Signer(Protocol):
    """Who signs."""

    def sign(self, statement: Statement, wall: float) -> bytes:
        """Give the statement, signed."""


class Introduction:
    """For the upstream of this name: which `headers` it gets, and whether `signer` signs (None: nobody does)."""

    def __init__(self, upstream: str, headers: Sequence[str], signer: Signer | None, clock: Callable[[], Instant]) -> None:
        self._upstream = upstream
        self._told = [(b"x-gateway-" + name.replace("_", "-").encode(), _SAYS[name]) for name in headers]
        self._signer = signer
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Introduction to {self._upstream}: {len(self._told)} headers{', signed' if self._signer else ''}>"

    def lines(self, permit: Permit, number: bytes) -> bytes:
        """Give the header lines for the request of this `number`, each ended; what is not printable ASCII is percent-encoded."""
        lines = b"".join([b"%b: %b\r\n" % (name, says(permit, number)) for name, says in self._told])
        return lines if self._signer is None else lines + self._signed(permit, number, self._signer)

    def _signed(self, permit: Permit, number: bytes, signer: Signer) -> bytes:
        subject = permit.request.subject
        statement = Statement(self._upstream, number.decode(), subject.organisation or "", subject.issuer, permit.model.id, permit.revision)
        return b"x-gateway-assertion: %b\r\n" % signer.sign(statement, self._clock().wall)


def _spelled(value: str) -> bytes:
    return quote(value, safe=PRINTABLE).encode()


_SPELLED: Final = Memo(_spelled, size=len, largest=_LONGEST)
_SAYS: Final[dict[str, Callable[[Permit, bytes], bytes]]] = {
    "organisation": lambda permit, _: _SPELLED[permit.request.subject.organisation or ""],
    "issuer": lambda permit, _: _SPELLED[permit.request.subject.issuer],
    "model": lambda permit, _: _SPELLED[permit.model.id],
    "decision_id": lambda _, number: number,
    "revision": lambda permit, _: b"%d" % permit.revision,
}
