"""Plain rules put to a request, in three-valued logic: unknown is not "not listed"."""

from functools import lru_cache
from typing import Final

from gateway.policy.access import REGISTERED, AccessRequest, Location, Nationalities, Subject
from gateway.policy.assurance import residences
from gateway.policy.restrictions import ANY_PLACE, DENY, FAIL, PASS, UNKNOWN, CountryRule, Restrictions
from gateway.policy.vocabulary import Aspect, Places, Result, Unknown

# Bound once: on Python 3.11 reaching a member through its enum costs more than a whole test.
US_PERSON: Final = Aspect.US_PERSON
NATIONALITY: Final = Aspect.NATIONALITY
MOST_RECENT: Final = Aspect.MOST_RECENT
RESIDENCE: Final = Aspect.RESIDENCE
REGION: Final = Aspect.REGION
ANONYMIZER: Final = Aspect.ANONYMIZER
HOSTING: Final = Aspect.HOSTING

Finding = tuple[Aspect, Result, Unknown]
"""What a rule looked at, what it found, and what it does if it found nothing out."""


def findings(rules: Restrictions, request: AccessRequest) -> list[Finding]:
    """Test every rule that is set against all that is told, verified or not; the order is that of the reasons."""
    subject, location = request.subject, request.location
    found: list[Finding] = []
    if rules.us_person:
        found.append((US_PERSON, us_person(subject), DENY))
    if (rule := rules.nationality) is not None:
        # A U.S. person passes before nationality is looked at: a refugee is one, and has none to show (8 USC 1324b(a)(3)).
        exempt = rules.us_person_exempt and subject.us_person is True
        found.append((NATIONALITY, PASS if exempt else every_nationality(rule, subject.nationalities), rule.unknown))
    if (rule := rules.most_recent) is not None:
        exempt = rules.us_person_exempt and subject.us_person is True
        found.append((MOST_RECENT, PASS if exempt else latest_nationality(rule, subject.nationalities), rule.unknown))
    if (rule := rules.residence) is not None:
        found.append((RESIDENCE, residence(rule, subject), rule.unknown))
    if (rule := rules.region) is not None:
        found.append((REGION, region(rule, location), rule.unknown))
    if rules.deny_anonymizer:
        found.append((ANONYMIZER, _absent(location.anonymizer), DENY))
    if rules.deny_hosting:
        found.append((HOSTING, _absent(location.hosting), DENY))
    return found


def us_person(subject: Subject) -> Result:
    """Test that the subject is a U.S. person."""
    if subject.us_person is None:
        return UNKNOWN
    return PASS if subject.us_person is True else FAIL


def every_nationality(rule: CountryRule, held: Nationalities) -> Result:
    """Test all nationalities together."""
    known, classed, denied, allowed = held.known, held.classed, rule.any_in, rule.all_in
    if denied is not None and not (denied.isdisjoint(known) and denied.isdisjoint(classed)):
        return FAIL
    if allowed is not None and not (allowed.issuperset(known) and (not classed or (rule.admit_classes and allowed.issuperset(classed)))):
        return FAIL
    if denied is None and allowed is None:
        return PASS
    return UNKNOWN if held.unknown or not (known or classed) else PASS


def latest_nationality(rule: CountryRule, held: Nationalities) -> Result:
    """Test the most recent nationality alone (EAR, 15 CFR 734.13(b)); where the order is not known, neither is it."""
    latest = held.latest
    one = (latest,) if latest is not None else ()
    lesser = latest in held.classed
    return every_nationality(rule, Nationalities(() if lesser else one, not one, one if lesser else ()))


def residence(rule: CountryRule, subject: Subject) -> Result:
    """Test the residence; where the token names several, each of them."""
    named = residences(subject.statements) if subject.statements else ()
    if len(named) > 1 and (rule.any_in is not None or rule.all_in is not None):
        return FAIL if FAIL in [_place(rule, country, ()) for country in named] else UNKNOWN
    return _place(rule, subject.residence, ())


def region(rule: CountryRule, location: Location) -> Result:
    """Test every place that the address may be in, by the strictest result."""
    if not location.others and rule.places is ANY_PLACE:
        return _place(rule, location.country, location.regions)
    results = [_place(rule, place.country, place.regions) for place in _looked_at(rule.places, location)]
    return FAIL if FAIL in results else UNKNOWN if UNKNOWN in results else PASS


def _looked_at(places: Places, location: Location) -> tuple[Location, ...]:
    if places is Places.REGISTERED:
        return (Location(location.registered),)
    return (location, *(place for place in location.others if places is ANY_PLACE or place.source != REGISTERED))


def _absent(marked: bool | None) -> Result:
    if marked is None:
        return UNKNOWN
    return FAIL if marked else PASS


def _place(rule: CountryRule, country: str | None, regions: tuple[str, ...]) -> Result:
    """Test one place with several names, the country and its subdivisions: it is in a list if any of its names is.

    Of a country of which a part is denied, the country alone does not say enough: that is unknown.
    """
    names = (country, *regions) if country else regions
    denied, allowed = rule.any_in, rule.all_in
    if denied is not None and not denied.isdisjoint(names):
        return FAIL
    if allowed is not None and names and allowed.isdisjoint(names):
        return FAIL
    if denied is None and allowed is None:
        return PASS
    if not country or (denied is not None and not regions and country in _divided(denied)):
        return UNKNOWN
    return PASS


@lru_cache(maxsize=1024)
def _divided(listed: frozenset[str]) -> frozenset[str]:
    """Countries of which only parts are listed: where just the country is known, whether it is such a part is not."""
    return frozenset(name.partition("-")[0] for name in listed if "-" in name)
