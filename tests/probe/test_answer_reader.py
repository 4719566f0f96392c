"""Answers are taken apart as they come, whatever comes."""

from gateway.probe.answer_reader import AnswerReader
from gateway.probe.frames import CLOSE, frame


def read(*pieces: bytes) -> AnswerReader:
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


def test_one_answer_in_pieces() -> None:
    reader = read(b"HTTP/1.1 403 No\r\nContent-Le", b"ngth: 2\r\n\r\n{", b"}")
    assert (reader.answer.statuses, reader.answer.body, reader.answer.whole, reader.ended) == ([403], b"{}", True, True)
    assert str(reader.answer) == "403"


def test_a_second_answer_is_seen() -> None:
    reader = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    assert reader.answer.statuses == [200, 403]
    assert str(reader.answer) == "200 403"


def test_a_websocket_and_its_end() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    reader = read(head + frame(b"hi", masked=False), frame(b"\x03\xf0no", CLOSE, masked=False))
    assert reader.switched
    assert reader.ended
    assert str(reader.answer) == "101, closed 1008"


def test_what_is_no_answer() -> None:
    reader = read(b"hello", b"again")
    assert not reader.answer.statuses
    assert str(reader.answer) == "closed without an answer"
    reader.answer.silent = True
    assert reader.answer.broke
    assert str(reader.answer) == "no answer in time"


def test_a_method_or_version_that_is_not_known_is_no_accident() -> None:
    assert not read(b"HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n").answer.broke
    assert not read(b"HTTP/1.1 505 No\r\nContent-Length: 0\r\n\r\n").answer.broke
    assert read(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").answer.broke
