"""The Host field, from which some frameworks put the request's address together, and with it the path that is checked."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import CHAT, JSON, ask, at, credential_line, request
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "the address that is checked is put together from what the caller says is the host"
SEEN: Final = "LiteLLM GHSA-4xpc-pv4p-pm3w"

HOSTS: Final[tuple[tuple[str, tuple[bytes, ...]], ...]] = (
    ("missing", ()),
    ("empty", (b"Host: ",)),
    ("twice", (b"Host: localhost", b"Host: probe.example")),
    ("a list", (b"Host: localhost, probe.example",)),
    ("with a path", (b"Host: localhost/health",)),
    ("with a path and a question mark", (b"Host: localhost/health?",)),
    ("with a fragment", (b"Host: localhost/health#",)),
    ("with an account", (b"Host: localhost@probe.example",)),
    ("with a space", (b"Host: localhost probe",)),
    ("with a port that is none", (b"Host: localhost:99999999",)),
    ("with raw bytes", (b"Host: \xff\xfe",)),
    ("with a bracket", (b"Host: [::1",)),
    ("forwarded", (b"Host: localhost", b"X-Forwarded-Host: localhost/health?")),
)


def _asked(lines: tuple[bytes, ...], *, credential: bool) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        body = ask(target.forbidden if credential else target.allowed)
        own = [credential_line(target.header, target.token)] if credential else []
        extra = [f"{name}: {value}".encode() for name, value in target.extra]
        rest = [*own, *extra, b"Connection: close", JSON, b"Content-Length: %d" % len(body)]
        return Attempt(request(b"POST %b HTTP/1.1" % at(target, CHAT), [*lines, *rest], body))

    return make


PROBES: Final = (
    *(Probe("hosts", f"{name}, forbidden model", HOLE, SEEN, _asked(lines, credential=True)) for name, lines in HOSTS),
    *(Probe("hosts", f"{name}, no credential", HOLE, SEEN, _asked(lines, credential=False), Must.KEEP_ALL) for name, lines in HOSTS),
)
