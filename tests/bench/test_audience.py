"""The readers of the bench: when bytes came is the kernel's word, not the moment at which the bench read them."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.audience import Audience, Listener
from bench.problem import BenchError
from bench.stamps import arrival

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
EVENT = b"data: {}\n\n"
REQUEST = b"POST / HTTP/1.1\r\n\r\n"


class Server:
    """Answers every connection with `answer`, then leaves it to the test."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for one in (*self.accepted, self._listening):
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                self.accepted.append(accepted)
                accepted.sendall(self._answer)


@contextlib.contextmanager
def scene(answer: bytes = HEAD + EVENT) -> Iterator[tuple[Server, Audience]]:
    with contextlib.closing(Server(answer)) as server, contextlib.closing(Audience(server.port)) as audience:
        yield server, audience


def test_bytes_that_wait_for_a_late_reader_count_from_when_they_came() -> None:
    with scene() as (server, audience):
        audience.open([("acme", REQUEST)])
        sent = time.time()
        server.accepted[0].sendall(EVENT)
        came = time.time()
        time.sleep(0.1)  # nobody reads meanwhile: that is what is tested
        audience.listen(0.02)
        (one,) = audience.listeners
        assert sent - 0.001 <= one.last_at <= came + 0.02


def test_a_stream_that_ends_keeps_the_time_of_its_last_byte() -> None:
    with scene() as (server, audience):
        audience.open([("acme", REQUEST), ("globex", REQUEST)])
        ending = audience.listeners
        for one in server.accepted:
            one.close()
        audience.listen(0.0, until=ending)
        assert audience.listeners == []
        assert all(0 < one.last_at <= one.ended_at for one in ending)


def test_a_connection_that_is_reset_has_ended() -> None:
    with scene() as (server, audience):
        audience.open([("acme", REQUEST)])
        (one,) = audience.listeners
        server.accepted[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        server.accepted[0].close()
        audience.listen(0.0, until=[one])
        assert one.ended_at > 0


def test_a_refused_stream_is_told_with_what_was_answered() -> None:
    with scene(b"HTTP/1.1 403 Forbidden\r\n\r\ndata: no") as (_, audience), pytest.raises(BenchError, match=r"acme was refused.*403"):
        audience.open([("acme", REQUEST)])


def test_the_gap_that_lasts_counts() -> None:
    with socket.socket() as unused:
        one = Listener("acme", unused)
        one.last_at, one.gap = 100.0, 0.5
        assert one.longest_gap(100.2) == pytest.approx(0.5)
        assert one.longest_gap(101.0) == pytest.approx(1.0)


def test_without_the_kernels_word_it_is_now() -> None:
    assert arrival([]) == pytest.approx(time.time(), abs=0.5)
