"""What a multipart form names: one text field `model`, and nothing that another reader could take for it."""

from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.depth import Found
from gateway.wire.multipart import Part, read_form
from gateway.wire.names import Role, fold, names_model, role_of
from gateway.wire.references import STORED
from gateway.wire.references import refused as reference
from gateway.wire.refused import Refused

_TEXTS: Final = frozenset((b"", b"text/plain", b"text/plain; charset=utf-8", b"text/plain;charset=utf-8"))
_DEFAULT_CHARSET: Final = "_charset_"  # RFC 7578 section 4.6


class Named(Struct, frozen=True, gc=False):
    """What a body names: its own `model` (None: none, "": one that is no text), other names, and whether a stream is asked for."""

    model: str | None
    others: Found
    stream: bool


def names_in_form(boundary: bytes, body: bytes, stateful: frozenset[str]) -> Named | Refused:
    """Look at every field of the form that `body` is; files are not looked into."""
    parts = read_form(boundary, body)
    if isinstance(parts, str):
        return Refused(Reason.MALFORMED_REQUEST, parts)
    texts: dict[str, bytes] = {}
    for part in parts:
        refused = _part_problem(part, texts, stateful)
        if refused is not None:
            return refused
        if not part.is_file:
            texts[part.name] = body[part.start : part.end]
    others: Found = [_text(value) for name, value in texts.items() if value and _names_another(name)]
    model = _text(texts["model"]) or "" if "model" in texts else None
    return Named(model, others, texts.get("stream") == b"true")


def _part_problem(part: Part, texts: dict[str, bytes], stateful: frozenset[str]) -> Refused | None:
    role = role_of(part.name)
    if role is Role.VARIANT or (role is Role.MODEL and (part.is_file or "model" in texts)):
        return Refused(Reason.MODEL_AMBIGUOUS, 'the form has "model" twice, as a file, or in another spelling')
    if fold(part.name) in STORED:
        return reference(STORED[fold(part.name)])
    spelled = fold(part.name)
    for name in stateful:
        if fold(name) == spelled:
            return reference(name)
    if part.name == _DEFAULT_CHARSET or (not part.is_file and part.content_type not in _TEXTS):
        return Refused(Reason.MALFORMED_REQUEST, "a field of the form is no plain text in UTF-8")
    if not part.is_file and part.name in texts and not part.name.endswith("[]"):
        return Refused(Reason.MALFORMED_REQUEST, "a field of the form is there twice")
    return None


def _names_another(name: str) -> bool:
    """Whether a field, or a key in brackets within its name (`options[model]`), names a model."""
    within = name.replace("]", "").split("[")[1:]
    return role_of(name) is Role.ELSEWHERE or any(names_model(each) for each in within)


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None
