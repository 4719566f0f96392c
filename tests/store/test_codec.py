import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Revocation, StageRecord
from gateway.policy.vocabulary import Effect, Stage, Unknown
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.document import LATEST
from gateway.store.spelling import encode_directive, encode_grant, encode_revocation, encode_stage


def expand(names: Iterable[str]) -> frozenset[str]:
    """One group, `nordic`; other words in lower case are unknown."""
    given_names = frozenset(names)
    if unknown := sorted(name for name in given_names if name.islower() and name != "nordic"):
        raise ValueError(f"unknown country or group {unknown[0]!r}")
    return (given_names - {"nordic"}) | (frozenset({"DK", "FI", "NO", "SE"}) if "nordic" in given_names else frozenset())


def test_an_empty_object_is_a_grant_without_conditions() -> None:
    assert decode_grant(b"{}", expand) == (Grant(), "")


def test_a_grant_with_everything() -> None:
    raw = b"""{"from": "2026-12-01T00:00:00Z", "until": 1798675200, "evaluator": true, "covers_foreign_persons": true,
      "waive": ["hosting", "anonymizer"], "authority": "Letter 7", "reason": "annex B",
      "conditions": {"nationality": {"all_in": ["nordic", "US"], "unknown": "allow"}, "us_person": true, "deny_hosting": true}}"""
    grant, problem = decode_grant(raw, expand)
    assert problem == ""
    assert grant == Grant(
        valid_from=1796083200.0,
        valid_until=1798675200.0,
        evaluator=True,
        covers_foreign_persons=True,
        waive=frozenset({"hosting", "anonymizer"}),
        authority="Letter 7",
        conditions=Restrictions(
            nationality=CountryRule(all_in=frozenset({"DK", "FI", "NO", "SE", "US"}), unknown=Unknown.ALLOW),
            us_person=True,
            deny_hosting=True,
        ),
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "not JSON"),
        (b"true", "not a JSON object"),
        (b'{"untill": 1}', "untill"),
        (b'{"evaluator": 1}', "evaluator"),
        (b'{"evaluator": "true"}', "evaluator"),
        (b'{"until": null}', "until: null"),
        (b'{"until": true}', "until"),
        (b'{"until": "2026-12-31"}', "until: not an RFC 3339"),
        (b'{"from": 5, "until": 5}', "not after from"),
        (b'{"waive": ["nationality"]}', "nationality"),
        (b'{"waive": "hosting"}', "waive"),
        (b'{"conditions": {"nationality": {}}}', "lists nothing"),
        (b'{"conditions": {"region": {"any_in": ["atlantis"]}}}', "atlantis"),
        (b'{"conditions": {"nationality": {"any_in": ["RU"], "any_in": []}}}', "twice"),
        (b'{"conditions": {"religion": {}}}', "religion"),
        (b'{"valid_until": 5}', "valid_until"),
    ],
)
def test_a_grant_that_does_not_parse_admits_nobody_and_says_why(raw: bytes, problem: str) -> None:
    grant, said = decode_grant(raw, expand)
    assert grant.invalid
    assert problem in said


def test_stages() -> None:
    assert decode_stage(b'{"stage":"general","since":"2026-01-01T00:00:00Z","authority":"A","signoffs":[{"by":"x"}]}') == (
        StageRecord(Stage.GENERAL, "2026-01-01T00:00:00Z", "A"),
        "",
    )


@pytest.mark.parametrize("raw", [b"general", b"{}", b'{"stage":"General"}', b'{"stage":"public"}', b'{"stage":"general","since":"May"}'])
def test_a_stage_that_does_not_parse_suspends(raw: bytes) -> None:
    record, problem = decode_stage(raw)
    assert record == StageRecord(Stage.SUSPENDED, invalid=True)
    assert problem


def test_an_empty_object_is_a_directive_that_suspends_every_gated_model() -> None:
    assert decode_directive("d1", b"{}", expand) == (Directive(id="d1"), "")


def test_a_directive_with_a_rule() -> None:
    raw = b"""{"effect": "restrict", "models": ["luna"], "rule": {"nationality": {"all_in": ["US"]}},
      "except_organisations": ["org_a"], "mode": "monitor"}"""
    directive, problem = decode_directive("d1", raw, expand)
    assert problem == ""
    assert (directive.effect, directive.models, directive.enforce) == (Effect.RESTRICT, frozenset({"luna"}), False)
    assert directive.except_organisations == frozenset({"org_a"})
    assert directive.rule == Restrictions(nationality=CountryRule(all_in=frozenset({"US"})))


@pytest.mark.parametrize(
    ("raw", "covered"),
    [
        (b"{", None),
        (b'{"models":["luna"],"effect":"ban"}', frozenset({"luna"})),
        (b'{"models":["luna"],"mode":"monitor","until":"soon"}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict"}', frozenset({"luna"})),
        (b'{"models":["luna"],"rule":{"us_person":true}}', frozenset({"luna"})),
        (b'{"models":"luna"}', None),
        (b'{"models":[]}', None),
        (b'{"models":["luna",7]}', None),
        (b'{"models":["luna"],"models":["terra"]}', None),
    ],
)
def test_a_directive_that_does_not_parse_denies_what_it_readably_covers_or_all(raw: bytes, covered: frozenset[str] | None) -> None:
    directive, problem = decode_directive("d1", raw, expand)
    assert directive == Directive(id="d1", models=covered, invalid=True)
    assert directive.enforce
    assert problem


def test_revocations() -> None:
    assert decode_revocation(b"{}") == (Revocation(), "")
    assert decode_revocation(b'{"until":60,"reason":"lost"}') == (Revocation(60.0, "lost"), "")


@pytest.mark.parametrize("raw", [b"", b"1", b'{"until":"never"}', b'{"till":1}'])
def test_a_revocation_that_does_not_parse_revokes_for_good(raw: bytes) -> None:
    revocation, problem = decode_revocation(raw)
    assert revocation == Revocation(math.inf, invalid=True)
    assert problem


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_make_a_decoder_raise(raw: bytes) -> None:
    decoded: list[tuple[object, str]] = [
        decode_grant(raw, expand),
        decode_stage(raw),
        decode_directive("d", raw, expand),
        decode_revocation(raw),
    ]
    for value, problem in decoded:
        assert getattr(value, "invalid", None) is bool(problem)


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
