"""WebSocket frames: read alike however they are cut and by another library, and no text passes that was not judged whole."""

from collections.abc import Callable, Generator

from support.sockets import KEY
from websockets.exceptions import WebSocketException
from websockets.frames import Frame as TheirFrame
from websockets.streams import StreamReader

from gateway.wire.frame_reader import FrameReader
from gateway.wire.gathering import Gathering
from gateway.wire.websocket import Frame, Opcode, Violation, close, encode

LARGEST = 4096
EVENT = b'{"type":"session.update","session":{"model":"open"}}'


def client_reader() -> FrameReader:
    """What reads a caller's frames."""
    return FrameReader(masked=True, largest=LARGEST)


class Frames:
    """A caller's bytes after the handshake."""

    seeds = (
        encode(Frame(Opcode.TEXT, EVENT), KEY),
        encode(Frame(Opcode.TEXT, EVENT[:9], final=False), KEY)
        + encode(Frame(Opcode.PING, b"x"), KEY)
        + encode(Frame(Opcode.CONTINUATION, EVENT[9:]), KEY),
        encode(Frame(Opcode.BINARY, bytes(range(200))), KEY) + encode(close(1000, "bye"), KEY),
        encode(Frame(Opcode.TEXT, "grüße".encode()[:3], final=False), KEY) + encode(Frame(Opcode.CONTINUATION, "grüße".encode()[3:]), KEY),
    )
    words = (
        b"\x81\x80" + KEY,
        b"\x80\x80" + KEY,
        b"\x01\x80" + KEY,
        b"\x89\x80" + KEY,
        b"\xc1",
        b"\x88\x82" + KEY,
        b"\xfe\x00\x7e",
        b"\xff" * 9,
    )

    def __init__(self, reader: Callable[[], FrameReader] = client_reader) -> None:
        self._reader = reader

    def try_one(self, data: bytes) -> None:
        """Try one conversation."""
        whole = self._read([data])
        assert whole == self._read([data[place : place + 1] for place in range(len(data))]), "how bytes are cut changes what is read"
        theirs = by_websockets(data)
        ours = [(int(frame.opcode), frame.payload, frame.final) for frame in whole[0]]
        assert ours == theirs[: len(ours)], "another library reads other frames"
        self._gather(whole[0])

    def _read(self, pieces: list[bytes]) -> tuple[list[Frame], Violation | None]:
        reader = self._reader()
        frames = [frame for piece in pieces for frame in reader.feed(piece)]
        assert reader.waiting <= LARGEST + 14, "more is held than one frame"
        return frames, reader.violation

    def _gather(self, frames: list[Frame]) -> None:
        """Text comes out whole, and nothing is lost but what was too much."""
        gathering = Gathering(LARGEST)
        for frame in frames:
            taken = gathering.take(frame)
            assert gathering.waiting <= LARGEST + LARGEST + 1
            if isinstance(taken, Violation):
                return
            assert taken is None or taken.opcode != Opcode.TEXT or taken.final, "half a text message passes"


def by_websockets(data: bytes) -> list[tuple[int, bytes, bool]]:
    """The frames that the websockets library reads, up to the first that it refuses."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found: list[tuple[int, bytes, bool]] = []
    while True:
        parsing: Generator[None, None, TheirFrame] = TheirFrame.parse(reader.read_exact, mask=True, max_size=LARGEST)
        try:
            next(parsing)
        except StopIteration as parsed:
            frame = parsed.value
            found.append((int(frame.opcode), bytes(frame.data), frame.fin))
        except (WebSocketException, EOFError, ValueError):
            return found
