"""The one model that a request names, and which texts can be the name of one."""

from typing import Final

from msgspec import Struct

from gateway.wire.memo import Memo

LONGEST_MODEL: Final = 256


class Resolved(Struct, frozen=True, gc=False):
    """The one model that the request names, and whether it asks for a stream."""

    model: str
    stream: bool


def _is_usable(model: str) -> bool:
    return 0 < len(model) <= LONGEST_MODEL and model.isprintable() and model == model.strip()


USABLE: Final = Memo(_is_usable, size=len)
"""Whether a text can be the name of a model: `USABLE[text]`."""
