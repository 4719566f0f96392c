"""JSON readers of every habit: the last key wins, the first wins, any spelling of the key, the next document, any depth. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from gateway.probe.readers.spelling import Reading, is_model_key

LAST: Final = "JSON, last key wins"
FIRST: Final = "JSON, first key wins"
ANY_SPELLING: Final = "JSON, any spelling of the key"
DEEP: Final = "JSON, nested or in a list"
LATER: Final = "JSON, a later document"
SCANNED: Final = "JSON, scanned for the key"
MOST_DOCUMENTS: Final = 16

_SCAN: Final = re.compile(r"""["']?\s*((?:m|M|\\u006d)[^"':]{0,40})["']\s*:\s*\[?\s*["']([^"']{1,400})["']""")
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_WIDE: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

Pairs = list[tuple[str, Any]]


class Fields(list[tuple[str, Any]]):
    """An object with all of its pairs, as written."""


def in_json(body: bytes) -> Iterator[Reading]:
    """Give what each reader finds in a body or message of JSON; nothing in what is none."""
    for text in _texts(body):
        yield from _in_text(text)


def _texts(body: bytes) -> Iterator[str]:
    """Decode as UTF-8 with whatever is wrong replaced, and as the wider forms where zero bytes suggest one."""
    yield body.decode("utf-8", "replace").lstrip("\ufeff")
    if b"\0" in body:
        yield from (body.decode(coding, "replace").lstrip("\ufeff") for coding in _WIDE)


def _in_text(text: str) -> Iterator[Reading]:
    documents = list(_documents(text))
    for place, document in enumerate(documents):
        found = _in_document(document)
        yield from found if place == 0 else (Reading(LATER, reading.model) for reading in found)
    if not documents or not isinstance(documents[0], Fields):
        yield from _scanned(text)


def _documents(text: str) -> Iterator[Any]:
    """Read one document after the other, whatever stands between them."""
    reader = json.JSONDecoder(object_pairs_hook=Fields, strict=False)
    position = 0
    for _ in range(MOST_DOCUMENTS):
        start = re.search(r"[{\[]", text[position:])
        if start is None:
            return
        try:
            document, position = reader.raw_decode(text, position + start.start())
        except (ValueError, RecursionError):
            return
        yield document


def _in_document(document: Any) -> Iterator[Reading]:  # noqa: ANN401 - any JSON
    if isinstance(document, Fields):
        own = [value for key, value in document if key == "model"]
        if own:
            yield from (Reading(LAST, text) for text in _strings(own[-1]))
            yield from (Reading(FIRST, text) for text in _strings(own[0]))
        for key, value in document:
            if key != "model" and is_model_key(key):
                yield from (Reading(ANY_SPELLING, text) for text in _strings(value))
    yield from _deep(document)


def _deep(value: Any, *, top: bool = True) -> Iterator[Reading]:  # noqa: ANN401 - any JSON
    if isinstance(value, Fields):
        for key, inner in value:
            if not top and is_model_key(key):
                yield from (Reading(DEEP if key == "model" else ANY_SPELLING, text) for text in _strings(inner))
            yield from _deep(inner, top=False)
    elif isinstance(value, list):
        for inner in value:
            yield from _deep(inner, top=False)


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Give every text in `value`: whoever takes a list or an object for a name takes one of these."""
    match value:
        case str():
            yield value
        case Fields():
            for _, inner in value:
                yield from _strings(inner)
        case list():
            for inner in value:
                yield from _strings(inner)
        case _:
            return


def _scanned(text: str) -> Iterator[Reading]:
    """Find the key as a reader does that never parses the whole, as fast JSON libraries do."""
    for key, value in _SCAN.findall(text[:1_000_000]):
        if is_model_key(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), key)):
            yield Reading(SCANNED, value)
