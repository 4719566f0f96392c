"""Frames come out as they went in, however their bytes are cut; what breaks a rule ends the reading, and only what came before counts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import OP_CLOSE
from websockets.frames import Frame as TheirFrame
from websockets.protocol import CLIENT, SERVER, Protocol

from gateway.wire.frame_reader import FrameReader
from gateway.wire.websocket import Close, Frame, Opcode, close, encode

KEY = b"\x37\xfa\x21\x3d"
LARGEST = 70_000

payloads = st.one_of(st.binary(max_size=200), st.sampled_from([bytes(size) for size in (125, 126, 127, 65_535, 65_536, LARGEST)]))
keys = st.binary(min_size=4, max_size=4)
controls = st.builds(Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))
binaries = st.builds(Frame, st.just(Opcode.BINARY), payloads)
texts = st.text(max_size=100).map(lambda text: Frame(Opcode.TEXT, text.encode()))


@st.composite
def fragmented(draw: st.DrawFn) -> list[Frame]:
    """A text message in fragments that are cut anywhere, also inside a character, with control frames between them."""
    text = draw(st.text(max_size=60)).encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=5)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    frames = []
    for index, part in enumerate(parts):
        frames.append(Frame(Opcode.TEXT if index == 0 else Opcode.CONTINUATION, part, index == len(parts) - 1))
        if index < len(parts) - 1:
            frames += draw(st.lists(controls, max_size=2))
    return frames


parts_of_talk = st.one_of(st.one_of(controls, binaries, texts).map(lambda frame: [frame]), fragmented())
conversations = st.lists(parts_of_talk, max_size=6)


def read(data: bytes, *, masked: bool = True, piece: int = 1 << 30) -> tuple[list[Frame], FrameReader]:
    reader = FrameReader(masked=masked, largest=LARGEST)
    frames = [frame for start in range(0, len(data), piece) for frame in reader.feed(data[start : start + piece])]
    return frames, reader


@given(conversations, st.booleans(), keys, st.sampled_from([1, 2, 3, 7, 1000, 1 << 30]))
def test_what_is_written_is_read_in_pieces_of_any_size(parts: list[list[Frame]], masked: bool, key: bytes, piece: int) -> None:
    said = [frame for part in parts for frame in part]
    if sum(len(frame.payload) for frame in said) > 10_000:
        piece = max(piece, 1000)
    frames, reader = read(b"".join(encode(frame, key if masked else None) for frame in said), masked=masked, piece=piece)
    assert reader.violation is None
    assert frames == said
    assert reader.waiting == 0


@given(data=st.binary(max_size=300), masked=st.booleans())
@example(data=encode(Frame(Opcode.CONTINUATION, b"")), masked=False)
@example(data=b"\x81\x7e\x00\x05Hello", masked=False)
@example(data=b"\x88\x02\x03\xe8\x81\x05Hello", masked=False)
def test_of_any_bytes_what_is_accepted_is_read_alike_by_another_reader(data: bytes, masked: bool) -> None:
    frames, reader = read(data, masked=masked)
    other = Protocol(SERVER if masked else CLIENT)
    other.receive_data(data)
    if reader.violation is None:
        assert other.parser_exc is None or any(frame.opcode == Opcode.CLOSE for frame in frames)
    theirs = [(frame.opcode, bytes(frame.data), frame.fin) for frame in other.events_received() if isinstance(frame, TheirFrame)]
    ours = [(frame.opcode, frame.payload, frame.final) for frame in frames]
    assert [each for each in ours if each[0] != OP_CLOSE] == [each for each in theirs if each[0] != OP_CLOSE][: len(ours)]


@given(st.binary(max_size=300), st.integers(1, 9))
def test_how_bytes_are_cut_changes_nothing(data: bytes, piece: int) -> None:
    whole, reader = read(data)
    pieces, other = read(data, piece=piece)
    assert whole == pieces
    assert reader.violation == other.violation
    assert reader.ended == other.ended


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x05Hello", Close.PROTOCOL_ERROR),
        (b"\xc1\x80" + KEY, Close.PROTOCOL_ERROR),
        (b"\x81\xfe\x00\x7d" + KEY + bytes(125), Close.PROTOCOL_ERROR),
        (b"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff" + KEY, Close.PROTOCOL_ERROR),
        (b"\x81\xff\x80\x00\x00\x00\x00\x00\xff\xff" + KEY, Close.PROTOCOL_ERROR),
        (b"\x82\xff\x00\x00\x00\x00\x00\x01\x11\x71" + KEY, Close.TOO_BIG),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + KEY, Close.TOO_BIG),
        (encode(Frame(Opcode.TEXT, b"\xff"), KEY), Close.INVALID_DATA),
        (encode(Frame(Opcode.TEXT, b"\xe2", final=False), KEY) + encode(Frame(Opcode.CONTINUATION, b"x"), KEY), Close.INVALID_DATA),
        (encode(Frame(Opcode.TEXT, b"\xe2", final=False), KEY) + encode(Frame(Opcode.CONTINUATION, b"\x82"), KEY), Close.INVALID_DATA),
        (encode(Frame(Opcode.CLOSE, b"\x03\xed"), KEY), Close.PROTOCOL_ERROR),
        (encode(Frame(Opcode.CLOSE, b"\x03\xe8\xff"), KEY), Close.INVALID_DATA),
    ],
    ids=[
        "not masked",
        "RSV1",
        "long form of 125",
        "longer form of 65535",
        "highest bit",
        "too big",
        "much too big",
        "bad text",
        "bad text over fragments",
        "unfinished text",
        "code 1005",
        "bad reason",
    ],
)
def test_violations_end_the_reading(data: bytes, code: Close) -> None:
    before = encode(Frame(Opcode.PING, b"before"), KEY)
    frames, reader = read(before + data + encode(Frame(Opcode.PING, b"after"), KEY))
    assert Frame(Opcode.PING, b"before") in frames
    assert Frame(Opcode.PING, b"after") not in frames
    assert reader.violation is not None
    assert reader.violation.code is code
    assert reader.feed(before) == []


def test_a_frame_that_is_too_big_is_refused_at_its_head() -> None:
    reader = FrameReader(masked=True, largest=10)
    assert reader.feed(b"\x82\x8b" + KEY) == []
    assert reader.violation is not None


def test_nothing_is_read_after_a_close_frame() -> None:
    frames, reader = read(encode(close(1000, "bye"), KEY) + encode(Frame(Opcode.TEXT, b"more"), KEY))
    assert [frame.opcode for frame in frames] == [Opcode.CLOSE]
    assert reader.ended
    assert reader.violation is None


def test_what_waits_is_counted() -> None:
    reader = FrameReader(masked=True, largest=LARGEST)
    data = encode(Frame(Opcode.BINARY, bytes(1000)), KEY)
    reader.feed(data[:1])
    assert reader.waiting == 1
    reader.feed(data[1:508])
    assert reader.waiting == 501
    assert reader.feed(data[508:]) == [Frame(Opcode.BINARY, bytes(1000))]
    assert reader.waiting == 0
