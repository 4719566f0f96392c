"""Rules on persons and places, in three-valued logic."""

import pytest
from policy.world import IRAN, ask, no, only

from gateway.policy.access import UNKNOWN_NATIONALITIES, Location, Nationalities, Statement
from gateway.policy.findings import findings
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.vocabulary import Aspect, Places, Result, Unknown

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.UNKNOWN
TWO = Nationalities(("FR", "IR"), unknown=False)
FRENCH_AND_MORE = Nationalities(("FR",), unknown=True)
IRANIAN_AND_MORE = Nationalities(("IR",), unknown=True)
BNO = Nationalities((), unknown=False, classed=("GB",))


def most_recent(rule: CountryRule, held: Nationalities, *, us_person: bool | None = None) -> Result:
    ((aspect, result, _),) = findings(Restrictions(most_recent=rule), ask(nationalities=held, us_person=us_person))
    assert aspect is Aspect.MOST_RECENT
    return result


def nationality(rule: CountryRule, held: Nationalities, *, us_person: bool | None = None, exempt: bool = True) -> Result:
    ((aspect, result, _),) = findings(Restrictions(nationality=rule, us_person_exempt=exempt), ask(nationalities=held, us_person=us_person))
    assert aspect is Aspect.NATIONALITY
    return result


def region(rule: CountryRule, location: Location) -> Result:
    ((_, result, _),) = findings(Restrictions(region=rule), ask(location=location))
    return result


@pytest.mark.parametrize(
    ("rule", "held", "result"),
    [
        (no("IR"), IRAN, FAIL),
        (no("IR"), TWO, FAIL),
        (no("IR"), IRANIAN_AND_MORE, FAIL),
        (no("IR"), FRENCH_AND_MORE, UNKNOWN),
        (no("IR"), UNKNOWN_NATIONALITIES, UNKNOWN),
        (no("KP"), TWO, PASS),
        (no(), TWO, PASS),
        (no(), UNKNOWN_NATIONALITIES, UNKNOWN),
        (only("FR"), TWO, FAIL),
        (only("FR", "IR"), TWO, PASS),
        (only("FR"), FRENCH_AND_MORE, UNKNOWN),
        (only("FR"), IRANIAN_AND_MORE, FAIL),
        (only("FR"), UNKNOWN_NATIONALITIES, UNKNOWN),
        (only(), TWO, FAIL),
        (only("FR"), Nationalities((), unknown=False), UNKNOWN),
        (no("IR"), Nationalities((), unknown=False), UNKNOWN),
        (CountryRule(any_in=frozenset({"IR"}), all_in=frozenset({"FR", "IR"})), TWO, FAIL),
        (CountryRule(), UNKNOWN_NATIONALITIES, PASS),
    ],
)
def test_nationalities_against_lists(rule: CountryRule, held: Nationalities, result: Result) -> None:
    assert nationality(rule, held) is result


def test_a_lesser_class_is_caught_by_a_deny_list_and_not_taken_by_an_allow_list() -> None:
    assert nationality(no("GB"), BNO) is FAIL
    assert nationality(no("IR"), BNO) is PASS
    assert nationality(only("GB"), BNO) is FAIL


@pytest.mark.parametrize(
    ("us_person", "exempt", "result"), [(True, True, PASS), (True, False, FAIL), (False, True, FAIL), (None, True, FAIL)]
)
def test_a_us_person_passes_before_nationality_is_looked_at(us_person: bool | None, exempt: bool, result: Result) -> None:
    assert nationality(no("IR"), IRAN, us_person=us_person, exempt=exempt) is result


def test_a_refugee_who_is_a_us_person_passes_without_a_nationality() -> None:
    assert nationality(no("IR"), UNKNOWN_NATIONALITIES, us_person=True) is PASS


@pytest.mark.parametrize(("us_person", "result"), [(True, PASS), (False, FAIL), (None, UNKNOWN)])
def test_us_persons_only(us_person: bool | None, result: Result) -> None:
    assert findings(Restrictions(us_person=True), ask(us_person=us_person)) == [(Aspect.US_PERSON, result, Unknown.DENY)]


@pytest.mark.parametrize(
    ("rule", "location", "result"),
    [
        (no("IR", "UA-43"), Location("UA", ("UA-43",)), FAIL),
        (no("IR", "UA-43"), Location("UA", ("UA-30",)), PASS),
        (no("IR"), Location("IR", ("IR-23",)), FAIL),
        (no("IR"), Location(), UNKNOWN),
        (no("UA-43"), Location(None, ("UA-43",)), FAIL),
        (no("UA-43"), Location(None, ("UA-30",)), UNKNOWN),
        (only("US"), Location("US", ("US-CA",)), PASS),
        (only("US-CA"), Location("US", ("US-CA",)), PASS),
        (only("US-CA"), Location("US", ("US-NY",)), FAIL),
        (only("US"), Location("FR"), FAIL),
        (only("US"), Location(), UNKNOWN),
        (only("US"), Location(None, ("US-CA",)), FAIL),
        (CountryRule(), Location(), PASS),
    ],
)
def test_a_place_is_in_a_list_by_any_of_its_names(rule: CountryRule, location: Location, result: Result) -> None:
    assert region(rule, location) is result


@pytest.mark.parametrize(("residence", "result"), [("IR", FAIL), ("FR", PASS), (None, UNKNOWN), ("", UNKNOWN)])
def test_residence(residence: str | None, result: Result) -> None:
    assert findings(Restrictions(residence=no("IR")), ask(residence=residence)) == [(Aspect.RESIDENCE, result, Unknown.DENY)]


def test_addresses() -> None:
    both = Restrictions(deny_anonymizer=True, deny_hosting=True)
    tor = findings(both, ask(location=Location("FR", anonymizer=True, hosting=False)))
    assert [(aspect, result) for aspect, result, _ in tor] == [(Aspect.ANONYMIZER, FAIL), (Aspect.HOSTING, PASS)]
    cloud = findings(both, ask(location=Location("FR", anonymizer=False, hosting=True)))
    assert [result for _, result, _ in cloud] == [PASS, FAIL]
    assert {result for _, result, _ in findings(both, ask(location=Location("FR")))} == {UNKNOWN}


def test_nothing_set_demands_nothing() -> None:
    assert findings(Restrictions(), ask(nationalities=UNKNOWN_NATIONALITIES, location=Location())) == []


def test_a_country_of_which_a_part_is_denied_is_unknown_where_only_the_country_is_known() -> None:
    embargo = Restrictions(region=CountryRule(any_in=frozenset({"UA-43"})))
    assert findings(embargo, ask(location=Location("UA")))[0][1] is Result.UNKNOWN
    assert findings(embargo, ask(location=Location("UA", ("UA-30",))))[0][1] is Result.PASS
    assert findings(embargo, ask(location=Location("UA", ("UA-43",))))[0][1] is Result.FAIL
    assert findings(embargo, ask(location=Location("FR")))[0][1] is Result.PASS


def test_an_allow_list_can_be_told_to_take_lesser_classes() -> None:
    assert nationality(only("GB", admit_classes=True), BNO) is PASS
    assert nationality(only("FR", admit_classes=True), BNO) is FAIL
    assert nationality(no("GB", admit_classes=True), BNO) is FAIL


@pytest.mark.parametrize(
    ("rule", "held", "result"),
    [
        (no("IR"), Nationalities(("IR", "FR"), unknown=False, most_recent="FR"), PASS),
        (no("IR"), Nationalities(("FR", "IR"), unknown=False, most_recent="IR"), FAIL),
        (only("FR"), Nationalities(("IR", "FR"), unknown=False, most_recent="FR"), PASS),
        (only("FR"), Nationalities(("FR", "IR"), unknown=False, most_recent="IR"), FAIL),
        (no("IR"), Nationalities(("FR",), unknown=True, most_recent="FR"), PASS),
        (no("IR"), IRAN, FAIL),
        (no("KP"), IRAN, PASS),
        (no("KP"), TWO, UNKNOWN),
        (no("IR"), TWO, UNKNOWN),
        (no("KP"), FRENCH_AND_MORE, UNKNOWN),
        (no("KP"), UNKNOWN_NATIONALITIES, UNKNOWN),
        (no("GB"), BNO, FAIL),
        (only("GB"), BNO, FAIL),
        (only("GB", admit_classes=True), BNO, PASS),
        (CountryRule(), UNKNOWN_NATIONALITIES, PASS),
    ],
)
def test_the_most_recent_nationality_alone_counts_and_where_the_order_is_unknown_so_is_it(
    rule: CountryRule, held: Nationalities, result: Result
) -> None:
    assert most_recent(rule, held) is result


def test_a_us_person_passes_the_rule_on_the_most_recent_nationality_too() -> None:
    assert most_recent(no("IR"), IRAN, us_person=True) is PASS
    assert most_recent(no("IR"), IRAN, us_person=False) is FAIL


@pytest.mark.parametrize(
    ("rule", "told", "result"),
    [
        (no("IR"), ("US", "IR"), FAIL),
        (no("KP"), ("US", "IR"), UNKNOWN),
        (no("KP"), ("US", "US"), PASS),
        (only("US"), ("US", "IR"), FAIL),
        (only("US", "IR"), ("US", "IR"), UNKNOWN),
        (CountryRule(), ("US", "IR"), PASS),
    ],
)
def test_of_residences_that_contradict_any_may_deny_and_none_grants(rule: CountryRule, told: tuple[str, str], result: Result) -> None:
    statements = tuple(Statement(residence=country) for country in told)
    where = told[0] if told[0] == told[1] else None
    assert findings(Restrictions(residence=rule), ask(statements=statements, residence=where))[0][1] is result


KOREA, BRITAIN, NOWHERE_KNOWN = Location("KP"), Location("GB"), Location()


@pytest.mark.parametrize(
    ("rule", "location", "result"),
    [
        (no("KP"), Location("GB", others=(KOREA,)), FAIL),
        (no("KP"), Location("KP", others=(BRITAIN,)), FAIL),
        (no("IR"), Location("GB", others=(KOREA,)), PASS),
        (no("IR"), Location("GB", others=(NOWHERE_KNOWN,)), UNKNOWN),
        (no("IR"), Location(others=(BRITAIN,)), UNKNOWN),
        (no("GB"), Location(others=(BRITAIN,)), FAIL),
        (only("GB"), Location("GB", others=(KOREA,)), FAIL),
        (only("GB", "KP"), Location("GB", others=(KOREA,)), PASS),
        (no("UA-43"), Location("GB", others=(Location("UA"),)), UNKNOWN),
        (no("UA-43"), Location("GB", others=(Location("UA", ("UA-30",)),)), PASS),
    ],
)
def test_where_sources_disagree_the_stricter_decides(rule: CountryRule, location: Location, result: Result) -> None:
    assert region(rule, location) is result


REGISTERED_IN_KOREA = Location("GB", registered="KP", others=(Location("KP", source="registered"),))


@pytest.mark.parametrize(
    ("places", "location", "result"),
    [
        (Places.ANY, REGISTERED_IN_KOREA, FAIL),
        (Places.LOCATED, REGISTERED_IN_KOREA, PASS),
        (Places.REGISTERED, REGISTERED_IN_KOREA, FAIL),
        (Places.LOCATED, Location("GB", others=(KOREA,)), FAIL),
        (Places.REGISTERED, Location("KP", registered="GB"), PASS),
        (Places.REGISTERED, Location("GB"), UNKNOWN),
    ],
)
def test_a_rule_may_look_at_where_a_network_is_registered_or_where_it_is(places: Places, location: Location, result: Result) -> None:
    assert region(no("KP", places=places), location) is result
