"""Stored objects that no model made (files, stores of vectors): asked for as if a model, so that the one question is asked of them too.

What is left of the question is the caller: revoked, expired, a policy in force at all. Whose the object is, is settled before.
"""

from functools import lru_cache
from typing import Final

from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Stage

_MARK: Final = " objects at "
"""Begins with a space: no request can name such a model, and no catalogue can hold one."""


def shelf_name(upstream: str) -> str:
    """Name what stands for the stored objects of `upstream` in an access request."""
    return _MARK + upstream


@lru_cache(256)
def _shelf_at(upstream: str) -> Model:
    return Model(shelf_name(upstream), upstream, gated=False, stage=Stage.GENERAL)


def shelf(name: str) -> Model | None:
    """Give what is named so by `shelf_name`; None for any other name."""
    return _shelf_at(name.removeprefix(_MARK)) if name.startswith(_MARK) else None
