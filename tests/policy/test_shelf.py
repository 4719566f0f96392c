"""Stored objects that no model made: asked for like a model that nobody can name."""

from gateway.policy.access import NOWHERE, AccessRequest, Instant, Subject
from gateway.policy.decide import decide, visible_models
from gateway.policy.decision import Denial, Permit
from gateway.policy.shelf import shelf, shelf_name
from gateway.policy.snapshot import Revocation, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.wire.resolved import USABLE

NOW = Instant(1000.0, 1000.0)
ACME = Subject("main", "alice", organisation="acme")


def test_it_is_a_model_for_everyone_at_its_upstream() -> None:
    model = shelf(shelf_name("api"))
    assert model is not None
    assert (model.upstream, model.gated) == ("api", False)
    assert shelf("frontier") is None


def test_no_request_can_name_it() -> None:
    assert not USABLE[shelf_name("api")]


def test_what_is_left_of_the_question_is_the_caller() -> None:
    asked = AccessRequest(ACME, shelf_name("api"))
    assert isinstance(decide(asked, Snapshot(initialised=True), NOW), Permit)
    revoked = decide(asked, Snapshot(initialised=True, revocations={"org:acme": Revocation()}), NOW)
    assert isinstance(revoked, Denial)
    assert revoked.reason is Reason.TOKEN_REVOKED
    nothing = decide(asked, Snapshot(), NOW)
    assert isinstance(nothing, Denial)
    assert nothing.reason is Reason.POLICY_UNINITIALISED


def test_no_list_shows_it() -> None:
    assert visible_models(ACME, NOWHERE, Snapshot(initialised=True), NOW) == ()
