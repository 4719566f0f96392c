"""The policy as it is stored, before anything in it is decoded; pure."""

from typing import Final

from msgspec import Struct

from gateway.store.resp import Reply, ServerError


class Stored(Struct, frozen=True):
    """The policy as it was at one instant: a HASH is a flat list of fields and values or, if it is long, Blobs of them.

    A ServerError where the key is no HASH.
    """

    revision: Reply
    models: Reply
    directives: Reply
    revocations: Reply
    allowlists: dict[str, Reply]

    def holds_anything(self) -> bool:
        """Whether any policy is there at all."""
        tables = (self.models, self.directives, self.revocations, *self.allowlists.values())
        return self.revision is not None or any(isinstance(table, ServerError) or table for table in tables)


NOTHING: Final = Stored(None, [], [], [], {})
