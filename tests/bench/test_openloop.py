"""The open loop: a server that stands still is asked all the same, and every wait counts."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bench.openloop import Traffic, arrivals, is_whole, open_loop
from bench.problem import BenchError

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextlib.contextmanager
def answering(reply: Callable[[], bytes]) -> Iterator[int]:
    """One connection after the other, each in a thread of its own."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve(accepted: socket.socket) -> None:
            with accepted, contextlib.suppress(OSError):
                while accepted.recv(65536):
                    accepted.sendall(reply())

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listening.accept()
                    threads.append(threading.Thread(target=serve, args=(accepted,)))
                    threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def test_every_request_that_was_due_is_asked_and_answered() -> None:
    with answering(lambda: ANSWER) as port:
        (found,) = open_loop(port, [Traffic("plain", [REQUEST], 200.0, connections=4)], 0.5)
    assert found.count == len(list(arrivals(200.0, 0.5)))
    assert found.unanswered == 0


def test_a_server_that_stands_still_once_makes_all_that_were_due_meanwhile_late() -> None:
    stood = threading.Event()

    def reply() -> bytes:
        if not stood.is_set():
            stood.set()
            time.sleep(0.3)  # the pause that is to be seen
        return ANSWER

    with answering(reply) as port:
        (found,) = open_loop(port, [Traffic("plain", [REQUEST], 100.0, connections=1)], 0.4)
    assert found.greatest >= 250
    assert found.p50 >= 50  # a closed loop would have one late answer, and a median of far below a millisecond


def test_an_answer_with_another_status_ends_the_run() -> None:
    with answering(lambda: ANSWER.replace(b"200 OK", b"403 No")) as port, pytest.raises(BenchError, match="not 200"):
        open_loop(port, [Traffic("plain", [REQUEST], 100.0, connections=1)], 0.2)


def test_requests_of_one_traffic_take_turns() -> None:
    seen: list[bytes] = []

    def serve(accepted: socket.socket) -> None:
        while received := accepted.recv(65536):
            seen.append(received[:6])
            accepted.sendall(ANSWER)
        accepted.close()

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: serve(listening.accept()[0]))
    thread.start()
    requests = [REQUEST, REQUEST.replace(b"POST /", b"POST*/")]
    open_loop(listening.getsockname()[1], [Traffic("plain", requests, 100.0, connections=1)], 0.2)
    thread.join()
    listening.close()
    assert seen[:4] == [b"POST /", b"POST*/", b"POST /", b"POST*/"]


def test_arrivals_are_the_same_for_every_server() -> None:
    assert list(arrivals(1000.0, 1.0)) == list(arrivals(1000.0, 1.0))
    assert len(list(arrivals(1000.0, 1.0))) == pytest.approx(1000, rel=0.15)


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (ANSWER, True),
        (ANSWER[:-1], False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", True),
    ],
)
def test_when_an_answer_is_whole(received: bytes, *, whole: bool) -> None:
    assert is_whole(received) is whole
