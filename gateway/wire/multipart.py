"""A multipart/form-data body (RFC 7578, RFC 2046 section 5.1.1), read in the one way in which every reader reads it, or refused.

Readers differ on almost everything here: bare line feeds, text before the first boundary and after the last, a boundary that
begins another, folded or repeated fields, `name*`, backslashes, escapes, transfer encodings, forms within forms. None of it passes.
"""

from typing import Final

from msgspec import Struct

from gateway.wire.memo import Memo

MOST_PARTS: Final = 256
LONGEST_HEAD: Final = 4096
LONGEST_BOUNDARY: Final = 70

# RFC 2046 section 5.1.1, without the space and what needs quoting nowhere but is read differently.
_BOUNDARY: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=?"
_QUOTED_ONLY: Final = b"(),/:=?"
_NAME: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]"
_DISPOSITION: Final = b"content-disposition"
_FIELDS: Final = frozenset((_DISPOSITION, b"content-type", b"content-length", b"content-transfer-encoding"))
_AS_IT_IS: Final = frozenset((b"binary", b"8bit", b"7bit"))


class Part(Struct, frozen=True):
    """One part: its field's name, whether it is a file, its own type (lower-case, empty if unsaid), where in the body its content is."""

    name: str
    is_file: bool
    content_type: bytes
    start: int
    end: int


def boundary_of(content_type: bytes) -> bytes | None:
    """Read the boundary of a multipart/form-data Content-Type; None if it is another type, or says anything besides one plain boundary."""
    return _BOUNDARIES[content_type]


def _boundary_of(content_type: bytes) -> bytes | None:
    essence, semicolon, parameter = content_type.partition(b";")
    name, equals, value = parameter.strip(b" \t").partition(b"=")
    if essence.strip(b" \t").lower() != b"multipart/form-data" or not semicolon or not equals or name.lower() != b"boundary":
        return None
    quoted = len(value) > 1 and value.startswith(b'"') and value.endswith(b'"')
    value = value[1:-1] if quoted else value
    if not 0 < len(value) <= LONGEST_BOUNDARY or value.translate(None, _BOUNDARY):
        return None
    return value if quoted or not any(byte in _QUOTED_ONLY for byte in value) else None


_BOUNDARIES: Final = Memo(_boundary_of, size=len)


def read_form(boundary: bytes, body: bytes) -> list[Part] | str:
    """Give the parts, in order; or say what is wrong. `body` is whole. Time is linear in its size; contents are not copied."""
    mark = b"--" + boundary
    if not body.startswith(mark):
        return "the form does not begin with its boundary"
    parts: list[Part] = []
    place = len(mark)
    while body[place : place + 2] == b"\r\n":
        following = body.find(mark, place)
        if following < 0:
            return "the form does not end with its boundary"
        if len(parts) >= MOST_PARTS:
            return f"the form has over {MOST_PARTS} parts"
        part = _part(body, place + 2, following)
        if isinstance(part, str):
            return part
        parts.append(part)
        place = following + len(mark)
    if body[place:] not in (b"--", b"--\r\n"):
        return "the form's boundary stands where none may be, or something follows the last one"
    return parts


def _part(body: bytes, start: int, following: int) -> Part | str:
    """Read the part from `start` up to the boundary at `following`, whose own line must begin there."""
    blank = body.find(b"\r\n\r\n", start, min(following, start + LONGEST_HEAD))
    if blank < 0 or body[following - 2 : following] != b"\r\n" or following - 2 < blank + 4:
        return "a part of the form has no head, too long a head, or no line end before its boundary"
    fields = _fields(body[start:blank])
    if isinstance(fields, str):
        return fields
    named = _disposition(fields.get(_DISPOSITION, b""))
    if named is None:
        return 'a part of the form is not named plainly: content-disposition: form-data; name="..."; filename="..."'
    begin, end = blank + 4, following - 2
    kind = fields.get(b"content-type", b"").strip(b" \t").lower()
    if kind.startswith(b"multipart/") or fields.get(b"content-transfer-encoding", b"binary").strip(b" \t").lower() not in _AS_IT_IS:
        return "a part of the form is encoded, or is a form itself"
    if fields.get(b"content-length", b"%d" % (end - begin)).strip(b" \t") != b"%d" % (end - begin):
        return "a part of the form is not as long as it says"
    return Part(named[0], named[1], kind, begin, end)


def _fields(head: bytes) -> dict[bytes, bytes] | str:
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or name not in _FIELDS or name in fields or _has_controls(value):
            return "a part of the form has a header that is repeated, folded or not read here"
        fields[name] = value
    return fields


def _has_controls(value: bytes) -> bool:
    return any(byte < ord(" ") or byte == _DELETE for byte in value)


def _disposition(value: bytes) -> tuple[str, bool] | None:
    """Read `form-data; name="..."` with or without `; filename="..."`: the name, and whether it is a file."""
    kind, *parameters = _split(value)
    if kind != b"form-data":
        return None
    found: dict[bytes, bytes] = {}
    for parameter in parameters:
        name, equals, quoted = parameter.partition(b"=")
        text = quoted[1:-1] if len(quoted) > 1 and quoted.startswith(b'"') and quoted.endswith(b'"') else b'"'
        if not equals or name not in _PARAMETERS or name in found or b'"' in text or b"\\" in text:
            return None
        found[name] = text
    name = found.get(b"name", b"")
    if not name or name.translate(None, _NAME):
        return None
    return name.decode("ascii"), b"filename" in found


def _split(value: bytes) -> list[bytes]:
    """Part a field's value at semicolons outside quotes."""
    pieces, inside = [b""], False
    for byte in value:
        inside ^= byte == _QUOTE
        if byte == _SEMICOLON and not inside:
            pieces.append(b"")
        else:
            pieces[-1] += bytes((byte,))
    return [piece.strip(b" \t") for piece in pieces]


_QUOTE: Final = ord('"')
_SEMICOLON: Final = ord(";")
_DELETE: Final = 0x7F
_PARAMETERS: Final = frozenset((b"name", b"filename"))
