"""What became of a probe. Pure."""

from enum import StrEnum, unique

from msgspec import Struct


@unique
class Outcome(StrEnum):
    """What a verdict says.

    `SLIPPED`: what must not pass has passed. `AMBIGUOUS`: it has for some readers of what was forwarded; it depends on the upstream.

    `NOT_SERVED` is the verdict on a gateway that refuses the very request that it should serve: nothing else it does then counts.
    """

    HELD = "held"
    SLIPPED = "slipped"
    AMBIGUOUS = "ambiguous"
    BROKE = "broke"
    NOT_SERVED = "not served"
    NOT_APPLICABLE = "not applicable"


class Verdict(Struct, frozen=True):
    """An outcome and what it was seen by."""

    outcome: Outcome
    why: str = ""


class Finding(Struct, frozen=True):
    """One probe as it was played: what was sent, answered, and seen upstream."""

    kind: str
    name: str
    hole: str
    seen: str
    must: str
    sent: str
    answer: str
    reached: tuple[str, ...]
    outcome: Outcome
    why: str

    @property
    def ok(self) -> bool:
        """Whether nothing is to be mended."""
        return self.outcome in {Outcome.HELD, Outcome.NOT_APPLICABLE}
