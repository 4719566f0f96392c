"""JSON Pointers (RFC 6901): where a claim is in a token. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

Pointer = tuple[str, ...]


@lru_cache(maxsize=1024)
def compile_pointer(text: str) -> Pointer:
    """Split `text` (such as `/org/id` or `/https:~1~1example.org~1org`) into its reference tokens.

    Raises `ValueError` where it does not start with `/` or holds a `~` that is not `~0` or `~1`.
    """
    if not text.startswith("/"):
        raise ValueError(f"a claim path starts with '/'. Write: /{text}")
    if "~" in text.replace("~0", "").replace("~1", ""):
        raise ValueError("in a claim path '~' is written ~0 and '/' inside a name ~1 (RFC 6901)")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def lookup(document: object, pointer: Pointer) -> object:
    """Follow `pointer` into `document`; None where it leads nowhere."""
    for name in pointer:
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, Sequence) and not isinstance(document, str):
            document = _element(document, name)
        else:
            return None
    return document


def _element(array: Sequence[object], name: str) -> object:
    """Take one element; an index has no sign and no leading zero (RFC 6901 4)."""
    if not (name.isascii() and name.isdigit()) or (name[0] == "0" and name != "0"):
        return None
    index = int(name) if len(name) < 10 else len(array)  # noqa: PLR2004  # no array here has a billion elements
    return array[index] if index < len(array) else None
