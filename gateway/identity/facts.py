"""What one part of a token says of a person: the same paths lead to the same facts at its top and inside verified claims. Pure."""

from collections.abc import Mapping
from typing import Final

from msgspec import structs

from gateway.identity.pointer import compile_pointer, lookup
from gateway.policy.access import SELF_ASSERTED, Nationalities, Statement, Verification
from gateway.policy.codes import Kind
from gateway.policy.countries import normalise, read_country, read_nationalities
from gateway.settings.shape import Claims

SILENT: Final[tuple[object, ...]] = (None, [], "")


def claim_at(document: object, path: str) -> object:
    """Follow a configured path; None where there is no path or it leads nowhere."""
    return lookup(document, compile_pointer(path)) if path else None


def read_statement(
    document: Mapping[str, object], claims: Claims, source: str = SELF_ASSERTED, verification: Verification | None = None
) -> Statement:
    """Read what `document` (a payload, or the `claims` of a verified element) says; what it does not speak of is None."""
    return Statement(
        source,
        verification,
        _flag(claim_at(document, claims.us_person)),
        _nationalities(document, claims),
        read_country(claim_at(document, claims.residence), claims.code_system),
    )


def _flag(value: object) -> bool | None:
    """Only JSON's true and false: `"true"`, 1 and the like are not known to mean either."""
    return value if isinstance(value, bool) else None


def _nationalities(document: Mapping[str, object], claims: Claims) -> Nationalities | None:
    """Read the list and the most recent one: a missing, null or empty claim says nothing, an unreadable one that there is something."""
    listed, latest = claim_at(document, claims.nationalities), claim_at(document, claims.most_recent_nationality)
    if listed in SILENT and latest in SILENT:
        return None
    held = read_nationalities(listed, claims.code_system, claims.nationalities_order)
    if not claims.nationalities_complete:
        held = structs.replace(held, unknown=True)
    return held if latest in SILENT else _with_latest(held, latest, claims.code_system)


def _with_latest(held: Nationalities, claim: object, system: str) -> Nationalities:
    """Add the one named as the most recent, which is held too; where it is no country, something unknown is held, and it is the last."""
    code = normalise(claim, system)
    if code.kind is not Kind.COUNTRY or code.alpha2 is None:
        return structs.replace(held, unknown=True, most_recent=None)
    known, classed = held.known, held.classed
    if code.code_class:
        classed = tuple(dict.fromkeys((*classed, code.alpha2)))
    elif code.alpha2 not in known + classed:
        known = (*known, code.alpha2)
    return structs.replace(held, known=known, classed=classed, most_recent=code.alpha2)
