import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.directive import Directive
from gateway.policy.gcra import rate_of
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.share import LEAST, UNLIMITED, Share
from gateway.policy.snapshot import Grant, Revocation, SignOff, StageRecord
from gateway.policy.vocabulary import Effect, Stage, Unknown
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage


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
      "ownership": [{"country": "US", "percent": 60}, {"country": "FR", "percent": 10}],
      "conditions": {"nationality": {"all_in": ["nordic", "US"], "unknown": "allow"}, "us_person": true, "deny_hosting": true}}"""
    grant, problem = decode_grant(raw, expand)
    assert problem == ""
    assert grant == Grant(
        ownership=Ownership((("FR", 10.0), ("US", 60.0)), 70.0),
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
        (b'{"ownership": [{"country": "UK", "percent": 5}]}', "ownership: unknown country code or group 'UK': write GB"),
        (b'{"ownership": [{"country": "US", "percent": 101}]}', "ownership"),
        (b'{"ownership": [{"country": "US", "percent": 60}, {"country": "FR", "percent": 60}]}', "ownership: expected countries"),
        (b'{"ownership": [{"country": "US"}]}', "percent"),
        (b'{"limits": {}}', "limits: say nothing"),
        (b'{"limits": null}', "limits: null"),
        (b'{"limits": {"per": 60}}', "limits: per and burst"),
        (b'{"limits": {"requests": 0}}', "requests"),
        (b'{"limits": {"requests": 1.5}}', "requests"),
        (b'{"limits": {"requests": "600"}}', "requests"),
        (b'{"limits": {"requests": 1, "per": 0}}', "per"),
        (b'{"limits": {"requests": 1, "per": 1e9}}', "per"),
        (b'{"limits": {"concurrent": -1}}', "concurrent"),
        (b'{"limits": {"tokens": 5}}', "tokens"),
        (b'{"conditions": {"ownership": {"any_in": ["CN"]}}}', "ownership: expected exactly one of gt and gte"),
        (b'{"conditions": {"nationality": {"any_in": ["CN"], "territories": true}}}', "nationality.territories"),
    ],
)
def test_a_grant_that_does_not_parse_admits_nobody_and_says_why(raw: bytes, problem: str) -> None:
    grant, said = decode_grant(raw, expand)
    assert grant.invalid
    assert problem in said


def test_a_grant_with_limits() -> None:
    grant, problem = decode_grant(b'{"limits": {"requests": 600, "concurrent": 8}}', expand)
    assert (grant, problem) == (Grant(share=Share(rate_of(600, 60.0, 600), 600, 60.0, 8)), "")


def test_one_that_speaks_of_limits_and_does_not_parse_leaves_the_least_share() -> None:
    assert decode_grant(b'{"limits": {"requests": -1}}', expand)[0].share is LEAST
    assert decode_grant(b'{"untill": 1}', expand)[0].share is UNLIMITED


def test_stages() -> None:
    assert decode_stage(
        b'{"stage":"general","since":"2026-01-01T00:00:00Z","authority":"A","signoffs":[{"agency":"x","stage":"preview","authority":"B"}]}'
    ) == (
        StageRecord(Stage.GENERAL, "2026-01-01T00:00:00Z", "A", signoffs=(SignOff("x", Stage.PREVIEW, "B"),)),
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
      "except_organisations": ["org_a"], "except_models": ["luna"], "mode": "monitor"}"""
    directive, problem = decode_directive("d1", raw, expand)
    assert problem == ""
    assert (directive.effect, directive.models, directive.enforce) == (Effect.RESTRICT, frozenset({"luna"}), False)
    assert (directive.except_organisations, directive.except_models) == (frozenset({"org_a"}), frozenset({"luna"}))
    assert directive.rule == Restrictions(nationality=CountryRule(all_in=frozenset({"US"})))


@pytest.mark.parametrize(
    ("raw", "covered"),
    [
        (b"{", None),
        (b'{"models":["luna"],"effect":"ban"}', frozenset({"luna"})),
        (b'{"models":["luna"],"mode":"monitor","until":"soon"}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict"}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict","rule":{}}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict","rule":{"us_person_exempt":false}}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict","rule":{"nationality":{"any_in":[]}}}', frozenset({"luna"})),
        (b'{"models":["luna"],"effect":"restrict","rule":{"nationality":{"any_in":["UA-43"]}}}', frozenset({"luna"})),
        (b'{"models":["luna"],"rule":{"us_person":true}}', frozenset({"luna"})),
        (b'{"models":["luna"],"except_organisations":["org_a"],"except_models":[]}', frozenset({"luna"})),
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
