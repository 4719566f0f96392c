"""Takes apart what comes back on one connection: statuses, the first body, and the frames of a WebSocket. Pure."""

import httptools

from gateway.probe.answer import Answer
from gateway.probe.frames import CLOSE, take

SWITCHED = 101
MOST_KEPT = 65_536


class AnswerReader:
    """Fed with bytes as they come. `complete` answers have ended, `begun` says that a body or a WebSocket is under way."""

    def __init__(self) -> None:
        self.answer = Answer([])
        self.complete = 0
        self.begun = False
        self.switched = False
        self._parser = httptools.HttpResponseParser(self)
        self._frames = b""
        self._unreadable = False

    def __repr__(self) -> str:
        return f"<AnswerReader {self.answer} complete={self.complete}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes; what is no HTTP is left unread."""
        if self.switched:
            self._feed_frames(data)
        elif not self._unreadable:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._switch(data[upgrade.args[0] :])
            except httptools.HttpParserError:
                self._unreadable = True

    @property
    def ended(self) -> bool:
        """Whether nothing more is owed."""
        return bool(self.answer.close_code) if self.switched else self.complete > 0

    # -- what the parser calls ----------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """A head is read."""
        status = self._parser.get_status_code()
        if status >= 200 or status == SWITCHED:  # noqa: PLR2004 - final, RFC 9110 section 15
            self.answer.statuses.append(status)

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self.begun = True
        if len(self.answer.statuses) == 1 and len(self.answer.body) < MOST_KEPT:
            self.answer.body += body

    def on_message_complete(self) -> None:
        """An answer came to its end."""
        if self._parser.get_status_code() >= 200:  # noqa: PLR2004 - final, RFC 9110 section 15
            self.complete += 1
            self.answer.whole = True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _switch(self, rest: bytes) -> None:
        if self._parser.get_status_code() == SWITCHED:
            self.switched = self.begun = True
            self._feed_frames(rest)

    def _feed_frames(self, data: bytes) -> None:
        self._frames += data
        while (found := take(self._frames)) is not None:
            opcode, payload, used = found
            self._frames = self._frames[used:]
            if opcode == CLOSE:
                self.answer.close_code = int.from_bytes(payload[:2], "big") or 1005
            elif len(self.answer.body) < MOST_KEPT:
                self.answer.body += payload
