"""The keys of a body, judged apart from their values: clients send few different sets of keys, so each is judged once."""

from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.memo import Memo
from gateway.wire.names import Role, role_of

Names = tuple[str, ...]

_LARGEST: Final = 2048


class Refused(Struct, frozen=True, gc=False):
    """Why no single model could be read. `detail` quotes nothing that the caller sent."""

    reason: Reason
    detail: str


class Shape(Struct, frozen=True):
    """Where in a body with these keys to look: indexes of `model` and `stream` (-1: none), of fields that may name another model,
    and of fields that may hold objects which do. `refused` where the keys alone settle it.
    """  # noqa: D205 - one sentence of three parts

    refused: Refused | None = None
    model: int = -1
    stream: int = -1
    elsewhere: tuple[int, ...] = ()
    other: tuple[int, ...] = ()


def _shape_of(names: Names) -> Shape:
    roles = [role_of(name) for name in names]
    refused = _key_problem(names, roles)
    return Shape(
        refused=refused,
        model=names.index("model") if "model" in names else -1,
        stream=names.index("stream") if "stream" in names else -1,
        elsewhere=tuple(index for index, role in enumerate(roles) if role is Role.ELSEWHERE),
        other=tuple(index for index, role in enumerate(roles) if role is Role.OTHER),
    )


def _key_problem(names: Names, roles: list[Role]) -> Refused | None:
    if names.count("model") > 1:
        return Refused(Reason.MODEL_AMBIGUOUS, 'the body has "model" twice')
    if len(set(names)) != len(names):
        return Refused(Reason.MALFORMED_REQUEST, "the body has a key twice")
    if Role.VARIANT in roles:
        return Refused(Reason.MODEL_AMBIGUOUS, 'a key of the body only resembles one that names a model; spell it "model"')
    if "model" not in names:
        return Refused(Reason.MODEL_UNRESOLVED, 'the body has no "model"')
    return None


def size_of(names: Names) -> int:
    """How much memory these keys take, roughly."""
    return len(names) + sum(map(len, names))


SHAPES: Final = Memo(_shape_of, size=size_of, limit=512, largest=_LARGEST)
"""The shape of a body with these keys, in order: `SHAPES[names]`."""
