"""What a change is made of; pure."""

from msgspec import Struct


class Edit(Struct, frozen=True):
    """One field to be written (`after` None: deleted) and what the record of changes calls that."""

    what: str
    key: str
    field: str
    after: bytes | None


class Condition(Struct, frozen=True):
    """What a field must hold for a change to be made (`value` None: nothing); one that is `spent` is deleted with it."""

    key: str
    field: str
    value: bytes | None
    spent: bool = False
