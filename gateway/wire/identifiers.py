"""Ids of stored objects, as the APIs write them: nothing else is looked up, entered or sent on as one."""

import re
from typing import Final

LONGEST_ID: Final = 256
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")


def is_id(value: object) -> bool:
    """Whether `value` can be the id of a stored object: 1 to 256 letters, digits, `.`, `_`, `-`."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
