"""What an upstream is told of a request that the gate lets through: headers of the gate's own family, and its signature on them.

Whatever a caller sends under these names, in any spelling, has been removed before (`wire/headers.py`). Each is set, empty if unknown.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol
from urllib.parse import quote

from gateway.identity.assertion import HEADER, Statement
from gateway.policy.access import Instant
from gateway.policy.decision import Permit
from gateway.wire.memo import Memo

_LINES: Final = {
    "organisation": b"x-gateway-organisation: ",
    "issuer": b"x-gateway-issuer: ",
    "model": b"x-gateway-model: ",
    "decision_id": b"x-gateway-decision-id: ",
    "revision": b"x-gateway-revision: ",
}
_SAFE: Final = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


class Signer(Protocol):
    """Who signs."""

    def sign(self, statement: Statement, wall: float) -> str:
        """Give the statement, signed."""


class Introduction:
    """For one upstream, called `upstream`: which `headers` it gets, and whether `signer` signs (None: nobody does)."""

    def __init__(self, upstream: str, headers: Sequence[str], signer: Signer | None, clock: Callable[[], Instant]) -> None:
        self._upstream = upstream
        self._headers = tuple(headers)
        self._signer = signer
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Introduction to {self._upstream}: {', '.join(self._headers)}{', signed' if self._signer else ''}>"

    def lines(self, permit: Permit, number: bytes) -> bytes:
        """Give the header lines for one request, each ended; values are percent-encoded where they are not printable ASCII."""
        subject = permit.request.subject
        said = {
            "organisation": _SPELLED[subject.organisation or ""],
            "issuer": _SPELLED[subject.issuer],
            "model": _SPELLED[permit.model.id],
            "decision_id": number,
            "revision": b"%d" % permit.revision,
        }
        told = [b"%b%b\r\n" % (_LINES[name], said[name]) for name in self._headers]
        if self._signer is not None:
            statement = Statement(self._upstream, number.decode(), subject.organisation or "", permit.model.id, permit.revision)
            told.append(f"{HEADER}: {self._signer.sign(statement, self._clock().wall)}\r\n".encode())
        return b"".join(told)


def _spelled(value: str) -> bytes:
    return quote(value, safe=_SAFE).encode()


_SPELLED: Final = Memo(_spelled, size=len, largest=512)
