import math

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Revocation, StageRecord
from gateway.policy.vocabulary import Effect, Stage, Unknown
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.document import LATEST
from gateway.store.spelling import encode_directive, encode_grant, encode_revocation, encode_stage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
codes = st.frozensets(st.sampled_from(["US", "DE", "UA-43", "NO"]))
rules = st.builds(CountryRule, codes, st.none() | codes, st.sampled_from(Unknown))
restrictions = st.builds(
    Restrictions, st.none() | rules, st.booleans(), st.booleans(), st.none() | rules, st.none() | rules, st.booleans(), st.booleans()
)
bounds = st.tuples(st.floats(0, 1e9) | st.just(-math.inf), st.floats(2e9, LATEST) | st.integers(int(2e9), int(LATEST)) | st.just(math.inf))


@given(bounds, st.booleans(), st.booleans(), restrictions, st.frozensets(st.sampled_from(["hosting", "anonymizer"])), texts)
def test_a_grant_survives_the_store(
    period: tuple[float, float], evaluator: bool, covers: bool, conditions: Restrictions, waive: frozenset[str], authority: str
) -> None:
    grant = Grant(*period, evaluator, covers, conditions, waive, authority)
    assert decode_grant(encode_grant(grant).encode(), frozenset) == (grant, "")


@given(st.sampled_from(Stage), st.sampled_from(["", "2026-12-08T09:00:00Z"]), texts)
def test_a_stage_survives_the_store(stage: Stage, since: str, authority: str) -> None:
    record = StageRecord(stage, since, authority)
    assert decode_stage(encode_stage(record).encode()) == (record, "")


@given(bounds, st.none() | restrictions, st.none() | st.frozensets(texts, min_size=1), st.frozensets(texts), texts, st.booleans())
def test_a_directive_survives_the_store(
    period: tuple[float, float],
    rule: Restrictions | None,
    models: frozenset[str] | None,
    spared: frozenset[str],
    text: str,
    enforce: bool,
) -> None:
    effect = Effect.SUSPEND if rule is None else Effect.RESTRICT
    directive = Directive("d", effect, models, rule or Restrictions(), *period, spared, text, text, text, text, enforce)
    assert decode_directive("d", encode_directive(directive).encode(), frozenset) == (directive, "")


@given(bounds, texts)
def test_a_revocation_survives_the_store(period: tuple[float, float], reason: str) -> None:
    revocation = Revocation(period[1], reason)
    assert decode_revocation(encode_revocation(revocation).encode()) == (revocation, "")


def test_a_grant_without_conditions_is_spelled_as_operators_type_it() -> None:
    assert encode_grant(Grant()) == "{}"
