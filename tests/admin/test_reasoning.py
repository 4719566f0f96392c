"""Each check is told with what its rule demands, the kind of value it looked at, and who said it."""

from typing import Final

from msgspec import structs

from gateway.admin.explanation import explain
from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Statement, Subject, Verification
from gateway.policy.assurance import Requirement
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule, ownership
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot, StageRecord
from gateway.policy.vocabulary import Effect, Places, Stage, Unknown

NOW: Final = Instant(wall=1_780_315_200.0, steady=0.0)
EIDAS: Final = Requirement(frozenset({"eidas"}), "substantial", 3600.0)
RULES: Final = Restrictions(
    nationality=CountryRule(any_in=frozenset({"KP", "IR"}), require_verified=EIDAS),
    most_recent=CountryRule(any_in=frozenset({"RU"}), unknown=Unknown.ALLOW),
    residence=CountryRule(all_in=frozenset({"US", "CA"})),
    ownership=OwnershipRule(frozenset({"CN"}), 50.0, inclusive=True),
    region=CountryRule(any_in=frozenset({"UA-43"}), places=Places.LOCATED, lapses=NOW.wall + 60),
    deny_anonymizer=True,
    deny_hosting=True,
)
MODEL: Final = Model("m", "main", restrictions=RULES, by_stage=((Stage.PREVIEW, Restrictions(us_person=True, require_verified=EIDAS)),))
LETTER: Final = Directive("d-1", Effect.RESTRICT, frozenset({"m"}), Restrictions(us_person=True), authority="letter 4", enforce=False)
POLICY: Final = Snapshot(
    catalogue={"m": MODEL},
    stages={"m": StageRecord(Stage.PREVIEW, authority="release 1", next_stage=Stage.GENERAL, next_from=NOW.wall + 60)},
    grants={"m": {"org_a": Grant(valid_until=NOW.wall + 60, authority="annex", ownership=ownership([("DE", 60.0)]))}},
    directives=(LETTER,),
    initialised=True,
    confirmed_at=0.0,
    max_staleness=60.0,
)
VERIFIED: Final = Statement(
    "verified_claims[0]", Verification("eidas", "high", NOW.wall - 60), nationalities=Nationalities(("SE",), unknown=False)
)
SUBJECT: Final = Subject(
    "idp",
    "alice",
    "org_a",
    nationalities=Nationalities(("SE", "NO"), unknown=True),
    statements=(Statement(nationalities=Nationalities(("NO",), unknown=True)), VERIFIED),
)
PLACE: Final = Location(None, source="header", anonymizer=False, others=(Location("FI", ("FI-01",), "database"),))


def told(request: AccessRequest, *columns: str) -> dict[str, tuple[str, ...]]:
    rows = explain(request, POLICY, NOW)["checks"]
    return {row["rule"]: tuple(row[name] for name in columns) for row in rows}


def test_what_each_rule_demands_is_told_as_it_would_be_written() -> None:
    demands = {rule: text for rule, (text,) in told(AccessRequest(SUBJECT, "m", PLACE), "demands").items()}
    assert demands == {
        "revocation": "",
        "policy:initialised": "",
        "policy:fresh": "",
        "stage:preview": "stage preview; general from 2026-06-01T12:01:00Z",
        "grant": "a grant until 2026-06-01T12:01:00Z",
        "model:m:nationality": "any_in IR, KP; unknown: deny; verified by eidas substantial, within 1:00:00",
        "model:m:most_recent": "any_in RU; unknown: allow",
        "model:m:residence": "all_in CA, US; unknown: deny",
        "model:m:ownership": "any_in CN gte 50; unknown: deny",
        "model:m:region": "any_in UA-43; places located; lists good until 2026-06-01T12:01:00Z; unknown: deny",
        "model:m:anonymizer": "not marked",
        "model:m:hosting": "not marked",
        "model:m:preview:us_person": "a U.S. person; verified by eidas substantial, within 1:00:00",
        "directive:d-1:us_person": "a U.S. person",
        "directive:d-1": "its rule, counted only",
    }


def test_values_are_told_by_their_kind_with_who_said_them() -> None:
    found = told(AccessRequest(SUBJECT, "m", PLACE), "value", "source", "result", "authority")
    verified = "verified_claims[0] (eidas, high, 2026-06-01T11:59:00Z)"
    assert found == {
        "revocation": ("", "store: revocations", "pass", ""),
        "policy:initialised": ("", "store", "pass", ""),
        "policy:fresh": ("", "store", "pass", ""),
        "stage:preview": ("", "store: models", "pass", "release 1"),
        "grant": ("", "store: allowlist", "pass", "annex"),
        "model:m:nationality": ("2 known, and unknown ones", f"self_asserted, {verified}", "unknown", ""),
        "model:m:most_recent": ("not known", f"self_asserted, {verified}", "unknown", ""),
        "model:m:residence": ("not told", "", "unknown", ""),
        "model:m:ownership": ("60 percent accounted for", "grant", "pass", ""),
        "model:m:region": ("unknown (header); known, with its parts (database)", "header, database", "unknown", ""),
        "model:m:anonymizer": ("not marked", "header, database", "pass", ""),
        "model:m:hosting": ("unknown", "header, database", "unknown", ""),
        "model:m:preview:us_person": ("not told", "", "unknown", ""),
        "directive:d-1:us_person": ("not told", "", "unknown", "letter 4"),
        "directive:d-1": ("", "store: directives", "fail", "letter 4"),
    }


def test_other_kinds() -> None:
    homes = (Statement(residence="SE"), structs.replace(VERIFIED, residence="NO"))
    classed = Nationalities((), unknown=False, classed=("GB",), most_recent="GB")
    subject = structs.replace(SUBJECT, us_person=True, nationalities=classed, statements=homes, ownership=ownership([("DE", 100.0)]))
    found = told(AccessRequest(subject, "m", Location("FI", hosting=True)), "value")
    assert found["model:m:nationality"] == ("0 known, 1 of a lesser class",)
    assert found["model:m:most_recent"] == ("known",)
    assert found["model:m:residence"] == ("2 that differ",)
    assert found["model:m:ownership"] == ("60 percent accounted for; 100 percent accounted for",)
    assert found["model:m:hosting"] == ("marked",)
    assert found["directive:d-1:us_person"] == ("told",)
    assert "SE" not in str(found)


def test_a_long_list_is_cut_short() -> None:
    many = frozenset(f"{first}{second}" for first in "AB" for second in "ABCDEFGHIJ")
    model = structs.replace(MODEL, restrictions=Restrictions(nationality=CountryRule(any_in=many)), by_stage=())
    (text,) = [
        row["demands"]
        for row in explain(AccessRequest(SUBJECT, "m"), structs.replace(POLICY, catalogue={"m": model}), NOW)["checks"]
        if row["rule"] == "model:m:nationality"
    ]
    assert text == "any_in AA, AB, AC, AD, AE, AF, AG, AH, AI, AJ, BA, BB … (20 in all); unknown: deny"
