"""The two answers of `decide`. A `Permit` can only be made with the model and the ground that allowed it."""

import math

from msgspec import Struct

from gateway.policy.access import AccessRequest
from gateway.policy.share import Excess
from gateway.policy.snapshot import Grant, Model
from gateway.policy.vocabulary import Reason


class Permit(Struct, frozen=True):
    """Allowed: the proof that the relay demands.

    `grant` is the one that the stage demanded, or that gave waivers; None where neither. `valid_until` (wall, exclusive) and
    `fresh_until` (steady, inclusive) bound it, in seconds: past either it must be decided again.
    `monitored`: ids of directives in monitor mode that would have refused.
    """

    request: AccessRequest
    model: Model
    grant: Grant | None
    rule: str
    revision: int
    valid_until: float = math.inf
    fresh_until: float = math.inf
    monitored: tuple[str, ...] = ()


class Denial(Struct, frozen=True):
    """Refused: every reason that applies, in precedence order, never empty. `model` where the name is in the catalogue.

    `subject` facts stay in `request`; `legal_basis`, `authority`, `message` and `contact` come from the rule that refused. `excess` is said
    where a permitted request is more than its organisation's share.
    """

    reasons: tuple[Reason, ...]
    request: AccessRequest | None = None
    model: Model | None = None
    rule: str = ""
    revision: int = 0
    legal_basis: str = ""
    authority: str = ""
    message: str = ""
    contact: str = ""
    excess: Excess | None = None

    @property
    def reason(self) -> Reason:
        """The one that the caller sees."""
        return self.reasons[0]


Decision = Permit | Denial
