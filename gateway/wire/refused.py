"""A request that is not to be judged any further: why, in words that quote nothing of it."""

from msgspec import Struct

from gateway.policy.vocabulary import Reason


class Refused(Struct, frozen=True, gc=False):
    """Why no single model could be read. `detail` quotes nothing that the caller sent.

    `refers`: it is refused for a reference to stored objects, whose owner might be told elsewhere.
    """

    reason: Reason
    detail: str
    refers: bool = False
