"""Every line of the table, with a forbidden model in every position: nothing that names it anywhere is ever permitted."""

from itertools import product

import pytest
from support.asked import Asked, plain, with_another

from gateway.policy.access import NOWHERE, AccessRequest, Instant, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Permit
from gateway.policy.snapshot import Model, Snapshot
from gateway.policy.vocabulary import Stage
from gateway.wire.model import Refused, Resolved
from gateway.wire.route import Content, Kind, ModelIn, Route
from gateway.wire.routes import TABLE

ALLOWED, FORBIDDEN = "open-1", "frontier-1"
SNAPSHOT = Snapshot(
    catalogue={
        ALLOWED: Model(ALLOWED, "up", gated=False, stage=Stage.GENERAL),
        FORBIDDEN: Model(FORBIDDEN, "up"),
    },
    initialised=True,
    confirmed_at=0.0,
    max_staleness=60.0,
)
LINES = [(method, shape, route) for (method, shape), route in TABLE.items() if route.kind is Kind.INFERENCE]
IDS = [route.name for _, _, route in LINES]


def permitted(asked: Asked) -> str | None:
    """The model that the gate would let this request run."""
    outcome = asked.outcome()
    if not isinstance(outcome, Resolved):
        return None
    decision = decide(AccessRequest(Subject("main", "someone", organisation="acme"), outcome.model, NOWHERE), SNAPSHOT, Instant(1.0, 1.0))
    return decision.model.id if isinstance(decision, Permit) else None


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=IDS)
def test_the_allowed_model_is_permitted_and_the_forbidden_is_not(method: bytes, shape: str, route: Route) -> None:
    assert permitted(plain(method, shape, route, ALLOWED)) == ALLOWED
    assert permitted(plain(method, shape, route, FORBIDDEN)) is None


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=IDS)
def test_the_forbidden_model_in_one_place_more(method: bytes, shape: str, route: Route) -> None:
    tried = list(with_another(method, shape, route, ALLOWED, FORBIDDEN))
    assert len(tried) > 25
    assert [name for name, asked in tried if permitted(asked) is not None] == []
    for name, asked in tried:
        outcome = asked.outcome()
        assert isinstance(outcome, Refused) or (isinstance(outcome, Resolved) and outcome.model == FORBIDDEN), name


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=IDS)
def test_the_allowed_model_in_one_place_more_than_the_forbidden(method: bytes, shape: str, route: Route) -> None:
    slipped = [name for name, asked in with_another(method, shape, route, FORBIDDEN, ALLOWED) if permitted(asked) is not None]
    renamed = {"gzip of another", "deflate of another"} if route.model_in is not ModelIn.PATH and route.content is Content.JSON else set()
    assert set(slipped) == renamed, "but for bodies that now name the allowed model alone"


def test_a_path_that_names_both() -> None:
    for (method, shape, route), (first, second) in product(LINES, ((ALLOWED, FORBIDDEN), (FORBIDDEN, ALLOWED))):
        if route.model_in is ModelIn.PATH:
            for between in ("/", "%2f", "%2F", "//", "/../", ":", "%3a", "%253a", ";", "%00", "?", "#", "\\", " ", ",", "@", "|"):
                assert permitted(plain(method, shape, route, first + between + second)) is None, shape
