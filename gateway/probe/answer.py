"""What came back on the connection of one probe. Pure."""

from typing import Final

from msgspec import Struct

SERVER_ERROR: Final = 500
NOT_HERE: Final = frozenset((501, 505))
"""A method, coding or version that a server does not know: answers to the caller, not accidents (RFC 9110 section 15.6)."""


class Answer(Struct):
    """`statuses` of every final answer in order, the first one's body, and how it ended.

    `whole`: the answer came to its proper end. `silent`: nothing more came in time. `close_code` of a WebSocket, 0 where none came.
    `cut_after`: seconds from the revocation to the last byte, None where it ran on; `streamed` bytes of a stream that was watched.
    """

    statuses: list[int]
    body: bytes = b""
    whole: bool = False
    silent: bool = False
    close_code: int = 0
    cut_after: float | None = None

    @property
    def status(self) -> int:
        """Give the first final status, 0 where none came."""
        return self.statuses[0] if self.statuses else 0

    @property
    def broke(self) -> bool:
        """Whether the gateway gave way: a 5xx, or not a word in time."""
        return any(status >= SERVER_ERROR and status not in NOT_HERE for status in self.statuses) or (self.silent and not self.statuses)

    def __str__(self) -> str:
        if not self.statuses:
            return "no answer in time" if self.silent else "closed without an answer"
        said = " ".join(map(str, self.statuses))
        if self.close_code:
            return f"{said}, closed {self.close_code}"
        if self.cut_after is not None:
            return f"{said}, cut after {self.cut_after * 1000:.1f} ms"
        return said
