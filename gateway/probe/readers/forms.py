"""Form readers: parts of a multipart body by any boundary, fields of a URL-encoded one, JSON lines within files. Pure."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote

from gateway.probe.readers.json_texts import in_json
from gateway.probe.readers.spelling import Reading, is_model_key

_BOUNDARY: Final = re.compile(rb"(?:^|\r?\n)--[^\r\n]{1,200}(?=\r?\n|$)")
_BLANK: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_NAME: Final = re.compile(rb"""[;\s]name\s*(\*?)\d*\*?\s*=\s*("[^"]*"|[^;\r\n]*)""", re.IGNORECASE)
FIELD: Final = "a form's field"
ANY_FIELD: Final = "a form's field in another spelling"
LINE: Final = "a line of a file, "


def in_form(body: bytes, content_type: bytes) -> Iterator[Reading]:
    """Give what a form's fields name; `content_type` decides only whether a body is read as URL-encoded."""
    if b"multipart" in content_type.lower() or body.lstrip().startswith(b"--"):
        yield from _parts(body)
    elif b"urlencoded" in content_type.lower():
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        yield from (Reading(FIELD, value) for key, value in pairs if is_model_key(key))


def _parts(body: bytes) -> Iterator[Reading]:
    """Take every line that begins with two hyphens for a boundary: some reader does."""
    for part in _BOUNDARY.split(body):
        pieces = _BLANK.split(part, maxsplit=1)
        head, content = pieces if len(pieces) > 1 else (part, b"")
        for name in filter(is_model_key, _names(head)):
            yield Reading(FIELD if name == "model" else ANY_FIELD, content.decode("utf-8", "replace"))
        for line in content.splitlines()[:100]:
            yield from (Reading(LINE + reading.reader, reading.model) for reading in in_json(line))


def _names(head: bytes) -> Iterator[str]:
    for extended, value in _NAME.findall(b"\n" + head):
        text = value.strip(b'" ').decode("utf-8", "replace")
        yield unquote(text.rpartition("'")[2]) if extended else text
