"""Who owns an organisation: shares added up by country, and rules of 50 percent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from policy.world import ACME, NOW, ask, frontier, policy, why

from gateway.policy.decide import trace
from gateway.policy.ownership import Ownership, OwnershipRule, owned, ownership
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant, StageRecord
from gateway.policy.vocabulary import Reason, Result, Stage, Unknown

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.UNKNOWN
CHINA_HALF = OwnershipRule(frozenset({"CN", "HK"}), 50.0, inclusive=True)  # as OFAC counts
CHINA_MORE_THAN_HALF = OwnershipRule(frozenset({"CN", "HK"}), 50.0)  # as a provider's terms count


def shares(**percents: float) -> Ownership | None:
    return ownership(percents.items())


def test_shares_are_added_up_by_country_as_people_write_them() -> None:
    assert ownership([("CN", 16.1), ("US", 20), ("CN", 16.2), ("CN", 17.7)]) == Ownership((("CN", 50.0), ("US", 20.0)), 70.0)


@pytest.mark.parametrize(
    "owners", [[], [("CN", 0)], [("CN", -1), ("US", 50)], [("CN", 101)], [("CN", 60), ("US", 41)], [("CN", float("nan"))]]
)
def test_what_cannot_be_tells_nothing(owners: list[tuple[str, float]]) -> None:
    assert ownership(owners) is None


@pytest.mark.parametrize(
    ("rule", "known", "result"),
    [
        (CHINA_HALF, shares(CN=50, US=50), FAIL),
        (CHINA_MORE_THAN_HALF, shares(CN=50, US=50), PASS),
        (CHINA_MORE_THAN_HALF, shares(CN=50.01, US=49.99), FAIL),
        (CHINA_HALF, shares(CN=30, HK=30, US=40), PASS),
        (structs.replace(CHINA_HALF, together=True), shares(CN=30, HK=30, US=40), FAIL),
        (CHINA_HALF, shares(US=60), PASS),
        (CHINA_HALF, shares(US=50), UNKNOWN),
        (CHINA_MORE_THAN_HALF, shares(US=50), PASS),
        (CHINA_HALF, shares(CN=20, US=51), PASS),
        (CHINA_HALF, shares(CN=20, US=50), UNKNOWN),
        (CHINA_HALF, shares(CN=51), FAIL),
        (CHINA_HALF, None, UNKNOWN),
    ],
)
def test_owners_whom_nobody_has_named_may_make_the_difference(rule: OwnershipRule, known: Ownership | None, result: Result) -> None:
    assert owned(rule, known) is result


def test_of_two_sources_any_may_refuse_and_one_that_knows_is_enough() -> None:
    american, chinese, vague = shares(US=100), shares(CN=100), shares(US=10)
    assert owned(CHINA_HALF, american, None) is PASS
    assert owned(CHINA_HALF, None, american) is PASS
    assert owned(CHINA_HALF, vague, american) is PASS
    assert owned(CHINA_HALF, american, chinese) is FAIL
    assert owned(CHINA_HALF, chinese, american) is FAIL
    assert owned(CHINA_HALF, vague, None) is UNKNOWN


GUARDED = frontier(Restrictions(ownership=CHINA_HALF))


@pytest.mark.parametrize(
    ("in_grant", "in_token", "reasons"),
    [
        (shares(US=100), None, ()),
        (None, shares(US=100), ()),
        (shares(CN=60, US=40), shares(US=100), (Reason.OWNERSHIP_RESTRICTED,)),
        (shares(US=100), shares(CN=60), (Reason.OWNERSHIP_RESTRICTED,)),
        (None, None, (Reason.OWNERSHIP_UNKNOWN,)),
    ],
)
def test_the_owners_stand_in_the_grant_or_in_the_token(
    in_grant: Ownership | None, in_token: Ownership | None, reasons: tuple[Reason, ...]
) -> None:
    assert why(ask(ownership=in_token), policy(GUARDED, grant=Grant(ownership=in_grant))) == reasons


def test_unknown_owners_may_be_let_pass_known_ones_may_not() -> None:
    lenient = frontier(Restrictions(ownership=structs.replace(CHINA_HALF, unknown=Unknown.ALLOW)))
    assert why(ask(), policy(lenient, grant=Grant())) == ()
    assert why(ask(), policy(lenient, grant=Grant(ownership=shares(CN=70)))) == (Reason.OWNERSHIP_RESTRICTED,)


def test_covering_foreign_persons_says_nothing_about_owners() -> None:
    grant = Grant(covers_foreign_persons=True, ownership=shares(CN=70))
    assert why(ask(), policy(GUARDED, grant=grant)) == (Reason.OWNERSHIP_RESTRICTED,)


def test_what_is_known_of_the_owners_does_not_expire_with_the_grant() -> None:
    general = {"frontier": StageRecord(Stage.GENERAL)}
    american, chinese = (Grant(valid_until=1.0, ownership=known) for known in (shares(US=100), shares(CN=100)))
    assert why(ask(), policy(GUARDED, grants={"frontier": {ACME: american}}, stages=general)) == ()
    assert why(ask(), policy(GUARDED, grants={"frontier": {ACME: chinese}}, stages=general)) == (Reason.OWNERSHIP_RESTRICTED,)


def test_the_trace_names_the_rule_and_no_owner() -> None:
    check = trace(ask(), policy(GUARDED, grant=Grant(ownership=shares(CN=70))), NOW)[-1]
    assert (check.rule, check.result, check.note) == ("model:frontier:ownership", FAIL, "")


percent = st.floats(0.01, 60).map(lambda value: round(value, 2))


@given(st.lists(st.tuples(st.sampled_from(("CN", "HK", "US")), percent), max_size=4), st.sampled_from((CHINA_HALF, CHINA_MORE_THAN_HALF)))
def test_naming_another_owner_never_turns_a_refusal_into_a_permit(owners: list[tuple[str, float]], rule: OwnershipRule) -> None:
    known, more = ownership(owners), ownership([*owners, ("CN", 0.5)])
    if known is not None and more is not None:
        assert not (owned(rule, known) is FAIL and owned(rule, more) is not FAIL)
        assert not (owned(rule, known) is PASS and owned(rule, more) is FAIL)
