"""Grants: what an organisation's entry on the allowlist is worth at a stage, and what it waives."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.policy.access import AccessRequest, Instant
from gateway.policy.check import NOTHING_WAIVED, Check, Source, check_restrictions
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import FAIL, NO_RESTRICTIONS, PASS
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.stage import EVALUATION, demands_grant
from gateway.policy.vocabulary import Aspect, Reason, Stage

PERSONS: Final = frozenset({Aspect.US_PERSON, Aspect.NATIONALITY, Aspect.MOST_RECENT, Aspect.RESIDENCE})
ADDRESSES: Final = frozenset({Aspect.ANONYMIZER, Aspect.HOSTING})

_NO_GRANTS: Final[Mapping[str, Grant]] = MappingProxyType({})


class Standing(Struct, frozen=True, gc=False):
    """Where an organisation stands with a model: the grant that counts, what it waives, and the checks that say so.

    `owners` is what the entry says of the organisation's owners: knowledge, not permission, so its dates and conditions do not matter.
    """

    checks: Sequence[Check] = ()
    demanded: bool = False
    grant: Grant | None = None
    waived: frozenset[Aspect] = NOTHING_WAIVED
    owners: Ownership | None = None


NO_STANDING: Final = Standing()


def standing(request: AccessRequest, model: Model, stage: Stage, source: Source, snapshot: Snapshot, now: Instant) -> Standing:
    """Judge the organisation's grant at this stage. Where none is demanded, one never refuses, but may waive."""
    demanded = demands_grant(stage)
    organisation = request.subject.organisation
    grant = snapshot.grants.get(model.id, _NO_GRANTS).get(organisation) if organisation else None
    if grant is None:
        reason = Reason.ORG_NOT_APPROVED if organisation else Reason.ORG_MISSING
        return Standing((Check(source, FAIL, reason),), demanded) if demanded else NO_STANDING
    validity = _validity(grant, stage, now)
    checks = [Check(grant, FAIL if validity else PASS, validity, None, demanded)]
    if validity is None and grant.conditions is not NO_RESTRICTIONS:
        checks += check_restrictions(grant.conditions, grant, request, NOTHING_WAIVED, now.wall, grant.ownership, binding=demanded)
    for check in checks:
        if check.reason is not None:
            return Standing(checks, demanded, owners=grant.ownership)
    waived = waivers(grant)
    return Standing(checks, demanded, grant if demanded or waived else None, waived, grant.ownership)


def waivers(grant: Grant) -> frozenset[Aspect]:
    """Give what a valid grant waives: rules on persons if it covers foreign persons, and addresses as it names them; never a region."""
    if not grant.covers_foreign_persons and not grant.waive:
        return NOTHING_WAIVED
    return (PERSONS if grant.covers_foreign_persons else NOTHING_WAIVED) | (ADDRESSES & grant.waive)


def _validity(grant: Grant, stage: Stage, now: Instant) -> Reason | None:
    if grant.invalid:
        return Reason.GRANT_INVALID
    if stage is EVALUATION and not grant.evaluator:
        return Reason.ORG_NOT_APPROVED
    if now.wall < grant.valid_from:
        return Reason.GRANT_NOT_YET_VALID
    return None if now.wall < grant.valid_until else Reason.GRANT_EXPIRED
