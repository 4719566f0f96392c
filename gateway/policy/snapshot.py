"""The whole policy at one revision, immutable: static catalogue and dynamic entries, swapped as one reference."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, structs

from gateway.policy.directive import Directive
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import NO_RESTRICTIONS, Restrictions
from gateway.policy.share import UNLIMITED, Share
from gateway.policy.vocabulary import Stage


class Model(Struct, frozen=True):
    """One model of the catalogue. `gated`: restrictions, fresh policy and the stage's grants are demanded.

    `stage` holds until the store says otherwise; a `hidden` model is refused as if it did not exist (404). `restrictions` hold
    in every stage, those of `by_stage` besides them while the model is in that stage. `share` is what each organisation may use of it.
    """

    id: str
    upstream: str
    aliases: tuple[str, ...] = ()
    gated: bool = True
    hidden: bool = False
    stage: Stage = Stage.PREVIEW
    restrictions: Restrictions = NO_RESTRICTIONS
    owned_by: str = "gateway"
    created: int = 0
    by_stage: tuple[tuple[Stage, Restrictions], ...] = ()
    share: Share = UNLIMITED


class Grant(Struct, frozen=True, gc=False):
    """One organisation's entry on a model's allowlist. `valid_from` and `valid_until` are epoch seconds; until is exclusive.

    `invalid`: the stored field did not parse, so it denies what it covers (`grant_invalid`). `ownership`: what is known of the
    organisation's owners. `share` is said over the model's, whatever the stage and the grant's dates.
    """

    valid_from: float = -math.inf
    valid_until: float = math.inf
    evaluator: bool = False
    covers_foreign_persons: bool = False
    conditions: Restrictions = NO_RESTRICTIONS
    waive: frozenset[str] = frozenset()
    authority: str = ""
    invalid: bool = False
    ownership: Ownership | None = None
    share: Share = UNLIMITED


class SignOff(Struct, frozen=True):
    """One agency's word that a model may be widened to `stage`: its reference, who recorded it and when (RFC 3339).

    `proof`: the signature of who recorded it, base64; empty where settings ask for none.
    """

    agency: str
    stage: Stage
    authority: str
    by: str = ""
    at: str = ""
    proof: str = ""


class StageRecord(Struct, frozen=True):
    """The stage of one model as the store has it. An entry that did not parse is stored as suspended with `invalid`.

    From `next_from` (epoch seconds) on the stage is `next_stage`, if there is one, under `next_authority`.
    """

    stage: Stage
    since: str = ""
    authority: str = ""
    invalid: bool = False
    signoffs: tuple[SignOff, ...] = ()
    next_stage: Stage | None = None
    next_from: float = math.inf
    next_authority: str = ""


class Revocation(Struct, frozen=True, gc=False):
    """A revoked token, subject or organisation, until an instant (epoch seconds, exclusive) or for good."""

    until: float = math.inf
    reason: str = ""
    invalid: bool = False


class InvalidEntry(Struct, frozen=True, gc=False):
    """A stored field that did not parse: where it is and what is wrong with it, for status, logs and a gauge."""

    key: str
    field: str
    problem: str


class Snapshot(Struct, frozen=True):
    """Everything `decide` may know. `catalogue` maps each name and alias to its model; the other maps go by model id.

    `confirmed_at` is the steady instant at which the store last confirmed this content, `max_staleness` seconds the
    longest that gated models are served after it. `initialised` is False where the store holds no policy at all. `shares_granted`: some
    grant says a share of its own, so that it matters; counted by whoever builds this, for looking at a million grants takes long.
    """

    catalogue: Mapping[str, Model] = MappingProxyType({})
    stages: Mapping[str, StageRecord] = MappingProxyType({})
    grants: Mapping[str, Mapping[str, Grant]] = MappingProxyType({})
    directives: tuple[Directive, ...] = ()
    revocations: Mapping[str, Revocation] = MappingProxyType({})
    revision: int = 0
    digest: str = ""
    initialised: bool = False
    confirmed_at: float = -math.inf
    max_staleness: float = 0.0
    invalid: tuple[InvalidEntry, ...] = ()
    shares_granted: bool = False

    @property
    def shared_out(self) -> bool:
        """Whether anybody's use of any model is limited."""
        return self.shares_granted or any(model.share is not UNLIMITED for model in self.catalogue.values())

    def confirmed(self, steady: float) -> "Snapshot":
        """The same policy, confirmed by the store at `steady` seconds."""
        return structs.replace(self, confirmed_at=steady)


EMPTY: Final = Snapshot()
