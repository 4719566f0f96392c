"""What every section of the settings is made of: an immutable struct that knows its keys, and types with units."""

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, description="seconds")]
Count = Annotated[int, Meta(ge=1)]
Most = Annotated[int, Meta(ge=0, description="how many, 0: any number")]
Bytes = Annotated[int, Meta(ge=1, description="bytes")]
Percent = Annotated[float, Meta(ge=0, le=100, description="percent")]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="letters, digits, '.', '_', '-'")]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section: immutable, unknown keys are errors."""
