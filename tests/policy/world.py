"""A small world to play scenes in: one gated frontier model, one open model, and callers who differ in one thing at a time."""

from typing import Any, Final

from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Reason, Stage

NOW: Final = Instant(wall=1_000_000.0, steady=500.0)
TODAY: Final = NOW.wall
TOMORROW: Final = TODAY + 86_400.0
YESTERDAY: Final = TODAY - 86_400.0

FRANCE: Final = Nationalities(("FR",), unknown=False)
IRAN: Final = Nationalities(("IR",), unknown=False)
PARIS: Final = Location("FR", ("FR-75",))

ACME: Final = "org_acme"


def no(*codes: str, **more: Any) -> CountryRule:
    """Deny these countries."""
    return CountryRule(any_in=frozenset(codes), **more)


def only(*codes: str, **more: Any) -> CountryRule:
    """Allow these countries alone."""
    return CountryRule(all_in=frozenset(codes), **more)


def frontier(restrictions: Restrictions = NO_RESTRICTIONS, **more: Any) -> Model:
    """Build a gated model in preview."""
    return Model("frontier", "lab", restrictions=restrictions, **more)


OPEN: Final = Model("open", "lab", gated=False, stage=Stage.GENERAL)


def person(**facts: Any) -> Subject:
    """Somebody of org_acme, French unless said otherwise."""
    usual: dict[str, Any] = {"issuer": "idp", "subject_id": "s1", "organisation": ACME, "token_id": "t1", "nationalities": FRANCE}
    return Subject(**usual | facts)


def ask(model: str = "frontier", *, location: Location = PARIS, **facts: Any) -> AccessRequest:
    """Ask for a model as somebody of org_acme in Paris."""
    return AccessRequest(person(**facts), model, location)


def policy(*models: Model, grant: Grant | None = None, **more: Any) -> Snapshot:
    """Build a fresh policy in which org_acme holds `grant` for the frontier model."""
    usual: dict[str, Any] = {
        "catalogue": {name: model for model in models or (frontier(), OPEN) for name in (model.id, *model.aliases)},
        "grants": {} if grant is None else {"frontier": {ACME: grant}},
        "revision": 7,
        "initialised": True,
        "confirmed_at": NOW.steady,
        "max_staleness": 60.0,
    }
    return Snapshot(**usual | more)


def why(request: AccessRequest, snapshot: Snapshot, now: Instant = NOW) -> tuple[Reason, ...]:
    """Give the reasons of the refusal, nothing if it is permitted."""
    decision = decide(request, snapshot, now)
    return decision.reasons if isinstance(decision, Denial) else ()


def permitted(request: AccessRequest, snapshot: Snapshot, now: Instant = NOW) -> Permit:
    """Decide, and insist on a permit."""
    decision = decide(request, snapshot, now)
    assert isinstance(decision, Permit), decision
    return decision


def refused(request: AccessRequest, snapshot: Snapshot, now: Instant = NOW) -> Denial:
    """Decide, and insist on a refusal."""
    decision = decide(request, snapshot, now)
    assert isinstance(decision, Denial), decision
    return decision
