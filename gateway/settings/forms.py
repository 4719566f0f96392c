"""The types of the shape in an operator's words: what a scalar may say, how an error and the reference name it, a right form to print."""

import re
from typing import Final

import yaml
from msgspec import inspect

NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")


def bare(kind: inspect.Type) -> inspect.Type:
    """Strip a type of descriptions and of None: a file says a value or says nothing."""
    if isinstance(kind, inspect.Metadata):
        return bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        return bare(next(kind for kind in kind.types if not isinstance(kind, inspect.NoneType)))
    return kind


def plain_value(node: yaml.ScalarNode, kind: inspect.Type) -> object:
    """Read true, false or a decimal number, unquoted; None for anything else: no `yes`, no octal, no 1:30, no infinity."""
    if node.style is not None:
        return None
    if isinstance(kind, inspect.BoolType):
        return {"true": True, "false": False}.get(node.value)
    if isinstance(kind, inspect.IntType):
        return int(node.value) if WHOLE.fullmatch(node.value) and len(node.value) < len(str(2**63)) else None
    return float(node.value) if NUMBER.fullmatch(node.value) else None


def choices(kind: inspect.Type) -> tuple[str, ...]:
    """List the closed set of words of a literal or an enumeration; empty for other types."""
    if isinstance(kind, inspect.LiteralType):
        return tuple(str(value) for value in kind.values)
    if isinstance(kind, inspect.EnumType):
        return tuple(str(member.value) for member in kind.cls)
    return ()


def expected(kind: inspect.Type) -> str:
    """Say a type in the words of an error and of the reference."""
    unit = kind.extra_json_schema.get("description", "") if isinstance(kind, inspect.Metadata) and kind.extra_json_schema else ""
    kind = bare(kind)
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            number = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            return f"{number} of {unit}{_bounds(kind)}" if unit else number + _bounds(kind)
        case inspect.VarTupleType():
            return "a list"
        case inspect.StructType():
            return "a section of keys and values"
        case inspect.StrType() if kind.pattern:
            return f"a name ({unit})"
        case _:
            return "one of " + ", ".join(choices(kind)) if choices(kind) else "text"


def example(kind: inspect.Type) -> str:
    """Make up a right form to print."""
    kind = bare(kind)
    match kind:
        case inspect.BoolType():
            return "true"
        case inspect.IntType() | inspect.FloatType():
            return str(max(1, int(kind.ge or 0)))
        case inspect.VarTupleType():
            return "[" + example(kind.item_type) + "]"
        case inspect.StructType():
            return "{" + ", ".join(f"{f.encode_name}: {example(f.type)}" for f in kind.fields if f.required) + "}"
        case _:
            return (choices(kind) or ("example",))[0]


def fits(value: object, kind: inspect.Type) -> bool:
    """Whether a value read from a scalar is in the closed set, matches the pattern, or lies within the bounds."""
    if value is None:
        return False
    if choices(kind):
        return value in choices(kind)
    if isinstance(kind, inspect.StrType):
        return kind.pattern is None or re.search(kind.pattern, str(value)) is not None
    number = value if isinstance(value, int | float) else 0
    bounds = (getattr(kind, "ge", None), getattr(kind, "le", None))
    return (bounds[0] is None or number >= bounds[0]) and (bounds[1] is None or number <= bounds[1]) and abs(number) != float("inf")


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.le is not None:
        return f" from {kind.ge:g} to {kind.le:g}"
    return f", {kind.ge:g} or more" if kind.ge is not None else ""
