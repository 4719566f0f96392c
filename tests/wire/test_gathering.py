"""Fragments of a text message wait for the last one; control frames pass at once, binary ones never."""

from gateway.wire.gathering import Gathering
from gateway.wire.websocket import Close, Frame, Opcode, Violation

PING = Frame(Opcode.PING, b"")


def test_a_whole_message_passes_as_it_is() -> None:
    frame = Frame(Opcode.TEXT, b"{}")
    assert Gathering(10).take(frame) is frame


def test_fragments_become_one_message_and_control_frames_overtake_them() -> None:
    gathering = Gathering(10)
    assert gathering.take(Frame(Opcode.TEXT, b"a", final=False)) is None
    assert gathering.take(PING) is PING
    assert gathering.take(Frame(Opcode.CONTINUATION, b"b", final=False)) is None
    assert gathering.waiting == 3
    assert gathering.take(Frame(Opcode.CONTINUATION, b"c")) == Frame(Opcode.TEXT, b"abc")
    assert gathering.waiting == 0


def test_a_binary_message_is_refused_whole_or_in_fragments() -> None:
    for final in (True, False):
        refused = Gathering(10).take(Frame(Opcode.BINARY, b'{"model":"m"}', final=final))
        assert isinstance(refused, Violation)
        assert refused.code is Close.UNSUPPORTED


def test_a_message_is_no_larger_than_it_may_be() -> None:
    gathering = Gathering(3)
    assert gathering.take(Frame(Opcode.TEXT, b"abc", final=False)) is None
    refused = gathering.take(Frame(Opcode.CONTINUATION, b"d", final=False))
    assert isinstance(refused, Violation)
    assert refused.code is Close.TOO_BIG


def test_empty_fragments_take_no_memory() -> None:
    gathering = Gathering(10)
    gathering.take(Frame(Opcode.TEXT, b"", final=False))
    for _ in range(1000):
        assert gathering.take(Frame(Opcode.CONTINUATION, b"", final=False)) is None
    assert gathering.waiting == 1
