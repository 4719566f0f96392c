"""The keys of a body, judged apart from their values: clients send few different sets of keys, so each is judged once."""

from typing import Final

from msgspec import Struct

from gateway.policy.vocabulary import Reason
from gateway.wire.memo import Memo
from gateway.wire.names import CALLERS_OWN, Role, fold, role_of
from gateway.wire.references import OWNERS, STORED
from gateway.wire.refused import Refused

__all__ = ["SHAPES", "Names", "Refused", "Shape", "size_of"]

Names = tuple[str, ...]

_LARGEST: Final = 2048
# Numbers and switches that nearly every body has: not worth a look each time, and refused nowhere for being something else.
_FLAT: Final = frozenset(("stream", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "n"))


class Shape(Struct, frozen=True):
    """Where in a body with these keys to look: indexes of `model` and `stream` (-1: none), of fields that may name another model, of
    configuration and of prose that may hold objects, and of fields that refer to stored objects, by their value or by its `id`, each
    with its usual spelling. `refused` where the keys alone settle it. `usual`: the one `model` and fields of which at most those named
    in `nested` need a look, for objects within. `folded`: the keys as lenient readers know them.
    """  # noqa: D205 - one sentence of several parts

    refused: Refused | None = None
    model: int = -1
    stream: int = -1
    elsewhere: tuple[int, ...] = ()
    other: tuple[int, ...] = ()
    prose: tuple[int, ...] = ()
    stored: tuple[tuple[int, str], ...] = ()
    owners: tuple[tuple[int, str], ...] = ()
    usual: bool = False
    nested: Names = ()
    folded: frozenset[str] = frozenset()


def _shape_of(names: Names) -> Shape:
    roles = [role_of(name) for name in names]
    looked = [None if name in CALLERS_OWN else role for name, role in zip(names, roles, strict=True)]
    problem = _key_problem(names, roles)
    plain = not any(fold(name) in STORED or fold(name) in OWNERS for name in names) and Role.ELSEWHERE not in roles
    return Shape(
        usual=problem is None and plain and "model" in names,
        nested=tuple(name for name, role in zip(names, looked, strict=True) if _may_nest(name, role)),
        folded=frozenset(map(fold, names)),
        refused=problem,
        model=names.index("model") if "model" in names else -1,
        stream=names.index("stream") if "stream" in names else -1,
        elsewhere=tuple(index for index, role in enumerate(roles) if role is Role.ELSEWHERE),
        other=tuple(index for index, role in enumerate(looked) if role is Role.OTHER),
        prose=tuple(index for index, role in enumerate(looked) if role is Role.FREE and _may_nest(names[index], role)),
        stored=tuple((index, STORED[fold(name)]) for index, name in enumerate(names) if fold(name) in STORED),
        owners=tuple((index, OWNERS[fold(name)]) for index, name in enumerate(names) if fold(name) in OWNERS),
    )


def _may_nest(name: str, role: Role | None) -> bool:
    return role is Role.OTHER or (role is Role.FREE and name not in _FLAT)


def _key_problem(names: Names, roles: list[Role]) -> Refused | None:
    if names.count("model") > 1:
        return Refused(Reason.MODEL_AMBIGUOUS, 'the body has "model" twice')
    if len(set(names)) != len(names):
        return Refused(Reason.MALFORMED_REQUEST, "the body has a key twice")
    if Role.VARIANT in roles:
        return Refused(Reason.MODEL_AMBIGUOUS, 'a key of the body only resembles one that names a model; spell it "model"')
    return None


def size_of(names: Names) -> int:
    """How much memory these keys take, roughly."""
    return len(names) + sum(map(len, names))


SHAPES: Final = Memo(_shape_of, size=size_of, limit=512, largest=_LARGEST)
"""The shape of a body with these keys, in order: `SHAPES[names]`."""
