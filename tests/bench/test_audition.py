"""No peer is measured that answers a question wrongly: the questions themselves are put to peers that cannot pass."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest

from bench.cores import Cores
from bench.peers.audition import audition, questions
from bench.peers.site import RESTRICTED, Peer, Site
from bench.problem import BenchError
from bench.program import Program
from gateway.demo.issuer import DemoIssuer


def site_at(directory: Path) -> Site:
    idle = Program("idle", ["true"], (0,), directory / "log")
    return Site(directory, Cores(server=1, load=0), DemoIssuer(directory / "issuer"), idle, 0, idle, 0)


@contextlib.contextmanager
def answering(status_of: type[BaseHTTPRequestHandler]) -> Iterator[Peer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), status_of)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        port = server.server_address[1]
        yield Peer("peer", port, port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Open(BaseHTTPRequestHandler):
    """Relays everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(self.judge())

    def judge(self) -> int:
        return 200

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Careless(Open):
    """Reads the token without looking at its signature, and the first nationality alone."""

    def judge(self) -> int:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": True})
        except jwt.PyJWTError:
            return 401
        nationalities = claims.get("nationalities") or [RESTRICTED[0]]
        return 200 if claims.get("org_id") == "org_bench" and nationalities[0] not in RESTRICTED else 403


def test_a_peer_that_relays_everything_is_not_measured(tmp_path: Path) -> None:
    with answering(Open) as peer, pytest.raises(BenchError, match=r"not measured: it answers 200 .* an organisation on no list"):
        audition(peer, site_at(tmp_path))


def test_nor_is_one_that_looks_at_the_first_nationality_alone(tmp_path: Path) -> None:
    with answering(Careless) as peer, pytest.raises(BenchError, match="a restricted nationality beside another"):
        audition(peer, site_at(tmp_path))


def test_the_floor_is_asked_only_whether_its_way_is_open(tmp_path: Path) -> None:
    with answering(Open) as peer:
        audition(Peer("floor", peer.port, peer.port, judges=False), site_at(tmp_path))


def test_each_refused_question_differs_from_the_good_call(tmp_path: Path) -> None:
    asked = list(questions(site_at(tmp_path)))
    assert [question.relayed for question in asked].count(True) == 2
    assert len({(tuple(question.call.headers.items()), question.call.body) for question in asked}) == len(asked)
