import math

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.assurance import Requirement
from gateway.policy.directive import Directive
from gateway.policy.gcra import rate_of
from gateway.policy.ownership import Ownership, OwnershipRule, ownership
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.share import Share
from gateway.policy.snapshot import Grant, Revocation, StageRecord
from gateway.policy.vocabulary import Effect, Places, Stage, Unknown
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.document import LATEST
from gateway.store.spelling import encode_directive, encode_grant, encode_revocation, encode_stage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some_names = st.frozensets(texts, min_size=1)
codes = st.frozensets(st.sampled_from(["US", "DE", "NO"]), min_size=1)
places = st.frozensets(st.sampled_from(["US", "DE", "UA-43", "NO"]), min_size=1)
needs = st.builds(
    Requirement,
    st.frozensets(st.sampled_from(["eidas", "house"]), min_size=1),
    st.sampled_from(["", "high"]),
    st.sampled_from([math.inf, 60.0]),
)
any_unknown, some_need = st.sampled_from(Unknown), st.none() | needs
region_rules = st.builds(CountryRule, places, st.none() | places, any_unknown, places=st.sampled_from(Places))
home_rules = st.builds(CountryRule, codes, st.none() | codes, st.just(Unknown.DENY), some_need)
person_rules = st.builds(CountryRule, codes, st.none() | codes, st.just(Unknown.DENY), some_need, admit_classes=st.booleans())
lenient = st.builds(CountryRule, codes, st.none() | codes, any_unknown, admit_classes=st.booleans())
owner_rules = st.builds(
    OwnershipRule, st.frozensets(st.sampled_from(["CN", "KP"]), min_size=1), st.floats(1, 99), st.booleans(), st.booleans(), any_unknown
)
strict = st.builds(
    Restrictions,
    person_rules,
    st.booleans(),
    st.booleans(),
    st.none() | home_rules,
    st.none() | region_rules,
    st.booleans(),
    st.booleans(),
    st.none() | person_rules,
    st.none() | owner_rules,
    some_need,
)
restrictions = strict | st.builds(Restrictions, nationality=lenient, most_recent=st.none() | lenient, region=st.none() | region_rules)
shares = st.lists(st.tuples(st.sampled_from(["CN", "US"]), st.sampled_from([10.0, 12.5, 25.0])), max_size=3)
bounds = st.tuples(st.floats(0, 1e9) | st.just(-math.inf), st.floats(2e9, LATEST) | st.integers(int(2e9), int(LATEST)) | st.just(math.inf))


rates = st.tuples(st.integers(1, 10**6), st.floats(1, 86_400), st.integers(1, 10**6))
limits = st.builds(
    lambda rate, concurrent: Share(rate_of(*rate), rate[0], rate[1], concurrent) if rate else Share(concurrent=concurrent),
    st.none() | rates,
    st.integers(0, 10**6),
)
waivers = st.frozensets(st.sampled_from(["hosting", "anonymizer"]))


@given(bounds, st.booleans(), st.booleans(), restrictions, waivers, texts, shares.map(ownership), limits)
def test_a_grant_survives_the_store(
    period: tuple[float, float],
    evaluator: bool,
    covers: bool,
    conditions: Restrictions,
    waive: frozenset[str],
    authority: str,
    owners: Ownership | None,
    share: Share,
) -> None:
    grant = Grant(*period, evaluator, covers, conditions, waive, authority, ownership=owners, share=share)
    assert decode_grant(encode_grant(grant).encode(), frozenset) == (grant, "")


@given(st.sampled_from(Stage), st.sampled_from(["", "2026-12-08T09:00:00Z"]), texts)
def test_a_stage_survives_the_store(stage: Stage, since: str, authority: str) -> None:
    record = StageRecord(stage, since, authority)
    assert decode_stage(encode_stage(record).encode()) == (record, "")


@given(
    bounds,
    st.none() | restrictions,
    st.none() | st.frozensets(texts, min_size=1),
    st.frozensets(texts),
    st.none() | st.frozensets(texts, min_size=1),
    texts,
    st.booleans(),
    st.booleans(),
)
def test_a_directive_survives_the_store(
    period: tuple[float, float],
    rule: Restrictions | None,
    models: frozenset[str] | None,
    spared: frozenset[str],
    spared_on: frozenset[str] | None,
    text: str,
    enforce: bool,
    bound: bool,
) -> None:
    effect = Effect.SUSPEND if rule is None else Effect.RESTRICT
    start, until = period
    directive = Directive(
        "d",
        effect,
        models,
        rule or Restrictions(),
        start,
        until,
        spared,
        spared_on,
        binds_foreign_nationals=bound,
        authority=text,
        legal_basis=text,
        message=text,
        contact=text,
        enforce=enforce,
    )
    assert decode_directive("d", encode_directive(directive).encode(), frozenset) == (directive, "")


@given(bounds, texts)
def test_a_revocation_survives_the_store(period: tuple[float, float], reason: str) -> None:
    revocation = Revocation(period[1], reason)
    assert decode_revocation(encode_revocation(revocation).encode()) == (revocation, "")


def test_a_grant_without_conditions_is_spelled_as_operators_type_it() -> None:
    assert encode_grant(Grant()) == "{}"
