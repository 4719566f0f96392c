"""Headers by which the upstream knows who came through the gateway: a caller must not be able to write them, nor to have them removed."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import CHAT, ask, get, post
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "the upstream takes a caller's header for the gateway's own"
SPELLED: Final = "oauth2-proxy CVE-2025-64484, Traefik"
LEARNT: Final = "the upstream learns a caller's credential"

SPELLINGS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("as it is", lambda name: name),
    ("in upper case", lambda name: name.upper()),
    ("with underscores", lambda name: name.replace("-", "_")),
    ("with dots", lambda name: name.replace("-", ".")),
    ("with a tilde", lambda name: name.replace("-", "~", 1)),
    ("mixed", lambda name: name.replace("-", "_", 1)),
)


def _spelled(spell: Callable[[str], str]) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(target.allowed), CHAT, f"{spell(target.family + 'org')}: probe".encode()))


def _named_by_connection(target: Target) -> Attempt:
    return Attempt(
        post(target, ask(target.allowed), CHAT, f"Connection: {target.family}org".encode(), f"{target.family}org: probe".encode())
    )


def _plain(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.allowed)))


def _listed(target: Target) -> Attempt:
    return Attempt(get(target, "/v1/models"))


def _cookie(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.allowed), CHAT, f"Proxy-Authorization: Bearer {target.token}".encode()))


def _all_headers(target: Target) -> Attempt:
    others = [name for name in ("Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key") if name.lower() != target.header.lower()]
    lines = [f"{name}: {'Bearer ' if name == 'Authorization' else ''}{target.token}".encode() for name in others]
    return Attempt(post(target, ask(target.allowed), CHAT, *lines))


PROBES: Final = (
    *(Probe("own headers", name, HOLE, SPELLED, _spelled(spell), Must.KEEP_SECRETS) for name, spell in SPELLINGS),
    Probe("own headers", "named by Connection", HOLE, "hop-by-hop abuse", _named_by_connection, Must.KEEP_SECRETS),
    Probe("own headers", "the credential itself", LEARNT, "-", _plain, Must.KEEP_SECRETS),
    Probe("own headers", "the credential in every header", LEARNT, "-", _all_headers, Must.KEEP_SECRETS),
    Probe("own headers", "the credential as a proxy's", LEARNT, "-", _cookie, Must.KEEP_SECRETS),
    Probe("own headers", "the credential on a list of models", LEARNT, "-", _listed, Must.KEEP_SECRETS),
)
