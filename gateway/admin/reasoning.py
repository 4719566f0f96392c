"""What kind of value a check looked at, and who told it; pure.

A value is told by its kind ("2 known", "not told", "marked"), never as it is: an explanation may be pasted where a token may not.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from gateway.admin.instants import write_instant
from gateway.policy.access import SELF_ASSERTED, AccessRequest, Location, Statement
from gateway.policy.assurance import residences
from gateway.policy.check import Check
from gateway.policy.directive import Directive
from gateway.policy.ownership import Ownership
from gateway.policy.snapshot import Grant, Model, StageRecord
from gateway.policy.vocabulary import Aspect

_SPEAKS: Final[Mapping[Aspect | None, Callable[[Statement], object]]] = {
    Aspect.US_PERSON: lambda one: one.us_person,
    Aspect.NATIONALITY: lambda one: one.nationalities,
    Aspect.MOST_RECENT: lambda one: one.nationalities,
    Aspect.RESIDENCE: lambda one: one.residence,
}
_STANDS: Final = {"revocation": "store: revocations", "policy": "store", "token": "token"}


def value(check: Check, request: AccessRequest, owners: Ownership | None) -> str:  # noqa: PLR0911 (one for each aspect)
    """Say what kind of value the check looked at; empty where it looked at none. `owners` is what the grant tells."""
    subject, place = request.subject, request.location
    match check.aspect:
        case Aspect.US_PERSON:
            return "not told" if subject.us_person is None else "told"
        case Aspect.NATIONALITY:
            held = subject.nationalities
            classed = f", {len(held.classed)} of a lesser class" if held.classed else ""
            return f"{len(held.known)} known{classed}{', and unknown ones' if held.unknown else ''}"
        case Aspect.MOST_RECENT:
            return "not known" if subject.nationalities.latest is None else "known"
        case Aspect.RESIDENCE:
            named = len(residences(subject.statements))
            return f"{named} that differ" if named > 1 else "not told" if subject.residence is None else "told"
        case Aspect.OWNERSHIP:
            told = [f"{one.told:g} percent accounted for" for one in (owners, subject.ownership) if one is not None]
            return "; ".join(told) or "not told"
        case Aspect.REGION:
            return "; ".join(map(_place, (place, *place.others)))
        case Aspect.ANONYMIZER:
            return _mark(place.anonymizer)
        case Aspect.HOSTING:
            return _mark(place.hosting)
        case None:
            return ""


def source(check: Check, request: AccessRequest, owners: Ownership | None) -> str:
    """Say who told the value; where there is none, where the entry stands that the check is of."""
    if check.aspect in _SPEAKS:
        speaks = _SPEAKS[check.aspect]
        said = [statement(one) for one in request.subject.statements if speaks(one) is not None]
        return ", ".join(said) or (SELF_ASSERTED if not request.subject.statements else "")
    if check.aspect is Aspect.OWNERSHIP:
        sources = {"grant": owners, "token": request.subject.ownership}
        return ", ".join(name for name, told in sources.items() if told is not None)
    if check.aspect is not None:
        return ", ".join(dict.fromkeys(place.source for place in (request.location, *request.location.others)))
    return _stands(check)


def statement(told: Statement) -> str:
    """Name a part of the token and how it was verified, not what it says."""
    evidence = told.verification
    if evidence is None:
        return told.source
    known = (evidence.trust_framework, evidence.assurance_level, _date(evidence.time if evidence.time is not None else math.inf))
    return f"{told.source} ({', '.join(part for part in known if part)})"


def _stands(check: Check) -> str:
    match check.source:
        case StageRecord():
            return "store: models"
        case Grant():
            return "store: allowlist"
        case Directive():
            return "store: directives"
        case Model():
            return "settings"
        case str(name):
            return _STANDS.get(name.partition(":")[0], "settings")


def _place(place: Location) -> str:
    known = "unknown" if place.country is None else "known, with its parts" if place.regions else "country known, its part is not"
    return f"{known} ({place.source})"


def _mark(marked: bool | None) -> str:
    return "unknown" if marked is None else "marked" if marked else "not marked"


def _date(instant: float) -> str | None:
    return write_instant(datetime.fromtimestamp(instant, UTC)) if math.isfinite(instant) else None
