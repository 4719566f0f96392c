"""Readers of everything but the body: the path as plain, decoded or tidied up; the query; headers. Pure."""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote, unquote_plus

from gateway.probe.readers.spelling import Reading, folded, is_model_key

ROUNDS: Final = 3
PATH: Final = "the path"
_NAMED_IN: Final = re.compile(r"/(?:deployments|models|model|engines)/([^/?#]+)", re.IGNORECASE)
_ROUTES: Final = frozenset(map(folded, ("helicone-fallbacks", "x-portkey-config")))
_REWRITES: Final = frozenset(map(folded, ("x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri", "x-forwarded-path")))

# What servers do to a path before they look at it, each by itself and one after the other.
_HABITS: Final[tuple[Callable[[str], str], ...]] = (
    unquote,
    lambda path: path.replace("\\", "/"),
    lambda path: "/".join(segment.partition(";")[0] for segment in path.split("/")),
    lambda path: path.partition("\0")[0],
    lambda path: re.sub("%c0%ae", ".", path, flags=re.IGNORECASE),
    lambda path: path.replace("\t", ""),
    lambda path: unicodedata.normalize("NFKC", path.encode("latin-1", "replace").decode("utf-8", "replace")),
    lambda path: path.partition("#")[0],
    lambda path: re.sub(r"/+", "/", path),
    lambda path: posixpath.normpath(path) if path.startswith("/") else path,
    lambda path: re.sub(r"^[a-z]+://[^/]*", "", path),
)


def in_path(target: bytes) -> Iterator[Reading]:
    """Give what segments of the path name, under every habit of reading paths."""
    whole = target.decode("latin-1")
    path = whole.partition("?")[0]
    for spelled in path_readings(path) | ({whole} if "?" in whole else set()):
        reader = PATH if spelled == path else "the path, decoded or tidied up"
        for found in _NAMED_IN.findall(spelled):
            yield Reading(reader, found)


def path_readings(path: str) -> set[str]:
    """Give every path that some server would take `path` for."""
    known = {path}
    for _ in range(ROUNDS):
        known |= {habit(each) for habit in _HABITS for each in known}
    return known


def in_query(target: bytes) -> Iterator[Reading]:
    """Give what parameters name, split at `&` and at `;`."""
    query = target.decode("latin-1").partition("?")[2]
    for part in re.split("[&;]", query):
        name, _, value = part.partition("=")
        if is_model_key(unquote_plus(name)):
            yield Reading("the query", unquote_plus(value))


def in_headers(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[Reading]:
    """Give what headers name, and the paths that some servers take from them."""
    for raw, content in headers:
        name, value = raw.decode("latin-1"), content.decode("latin-1")
        if is_model_key(name):
            yield Reading("a header", value)
        elif folded(name) in _ROUTES:
            yield Reading("a header of routers", value)
        elif folded(name) in _REWRITES:
            yield from (Reading(f"a header, {reading.reader}", reading.model) for reading in (*in_path(content), *in_query(content)))
