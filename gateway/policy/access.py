"""What is decided on: a subject, a location, the model's name as the caller wrote it, and the instant."""

import math
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from gateway.policy.ownership import Ownership

SELF_ASSERTED: Final = "self_asserted"
REGISTERED: Final = "registered"


class Instant(Struct, frozen=True, gc=False):
    """One moment on two clocks: `wall` for the dates of grants, `steady` (monotonic) for the age of the policy. Seconds."""

    wall: float
    steady: float


class Nationalities(Struct, frozen=True, gc=False):
    """Known ISO 3166-1 alpha-2 codes in the token's order, and whether any value was not a country (then unknown).

    An empty, missing or unreadable claim is `Nationalities((), unknown=True)`: unknown is not "not listed".
    `classed` are countries whose documents name a lesser class (British National (Overseas) …): a deny list catches them,
    an allow list does not admit them. `most_recent` is the one that the token names as acquired last, None where it names none;
    whoever holds only one needs no such name.
    """

    known: tuple[str, ...] = ()
    unknown: bool = True
    classed: tuple[str, ...] = ()
    most_recent: str | None = None

    @property
    def latest(self) -> str | None:
        """The most recent one: the one so named, or the only one held; None where the order is not known."""
        if self.most_recent is not None or self.unknown:
            return self.most_recent
        held = {*self.known, *self.classed}
        return held.pop() if len(held) == 1 else None


UNKNOWN_NATIONALITIES: Final = Nationalities()


def merged(parts: Iterable[Nationalities]) -> Nationalities:
    """Put together what several sources say of one person: every value counts, and what is unknown to one is unknown.

    Sources that name different ones as the most recent leave it open; those that name none do not matter.
    """
    held = tuple(parts)
    if not held:
        return UNKNOWN_NATIONALITIES
    latest = {part.most_recent for part in held} - {None}
    return Nationalities(
        tuple(dict.fromkeys(code for part in held for code in part.known)),
        any(part.unknown for part in held),
        tuple(dict.fromkeys(code for part in held for code in part.classed)),
        latest.pop() if len(latest) == 1 else None,
    )


class Verification(Struct, frozen=True, gc=False):
    """How a statement was verified (OpenID Connect for Identity Assurance): the framework, the level reached, when (epoch seconds)."""

    trust_framework: str
    assurance_level: str = ""
    time: float | None = None


class Statement(Struct, frozen=True, gc=False):
    """What one part of a token says about the person; None where it does not speak of it.

    `source` is `self_asserted` for the claims at the top of the token, `verified_claims[i]` for an element of that claim;
    `verification` is None where nothing readable says how it was verified: then it may deny, and never grant.
    """

    source: str = SELF_ASSERTED
    verification: Verification | None = None
    us_person: bool | None = None
    nationalities: Nationalities | None = None
    residence: str | None = None


class Subject(Struct, frozen=True, gc=False):
    """Who asks, from a verified token. `organisation` is the allowlist key: plain for the first issuer, `<issuer>/<org>` else.

    `us_person` is three-valued (8 USC 1324b(a)(3)); `expires_at` is the token's `exp`, epoch seconds; `cut_at` is the instant at
    which even running answers end with the token, infinite where its issuer is not so configured.

    `us_person`, `nationalities` and `residence` are all that the token says, whoever verified it: False where anything in it says
    no, every nationality named anywhere, no residence where two contradict. `statements` tells who said what, the self-asserted one
    first; empty where everything is self-asserted. `ownership` is what the token says of the organisation's owners.
    """

    issuer: str
    subject_id: str
    organisation: str | None = None
    token_id: str | None = None
    us_person: bool | None = None
    nationalities: Nationalities = UNKNOWN_NATIONALITIES
    residence: str | None = None
    expires_at: float = math.inf
    cut_at: float = math.inf
    statements: tuple[Statement, ...] = ()
    ownership: Ownership | None = None

    @property
    def provenance(self) -> dict[str, tuple[str, ...]]:
        """Each nationality with the sources that name it: `self_asserted` or `verified_claims[i]`."""
        held = self.nationalities
        said = self.statements or (Statement(nationalities=held),)
        return {
            code: tuple(one.source for one in said if one.nationalities and code in one.nationalities.known + one.nationalities.classed)
            for code in dict.fromkeys(held.known + held.classed)
        }


class Location(Struct, frozen=True, gc=False):
    """Where the client's socket ends: it may deny, never grant. `country` alpha-2 or None (unknown); `regions` ISO 3166-2.

    `anonymizer` and `hosting` are None where nothing that could tell was asked. `registered` is the country in which the network is
    registered. `others` is what further sources say instead, and the registered country where it is another one: a rule must hold
    for each of them, so that a place is denied if either is denied, and unknown if either is unknown. `built_at` is the build
    (epoch seconds) of the database that was asked.
    """

    country: str | None = None
    regions: tuple[str, ...] = ()
    source: str = "none"
    anonymizer: bool | None = None
    hosting: bool | None = None
    registered: str | None = None
    others: tuple["Location", ...] = ()
    built_at: float | None = None


NOWHERE: Final = Location()


class AccessRequest(Struct, frozen=True, gc=False):
    """One question to the policy: may this subject use this model from there? `model` as the caller named it."""

    subject: Subject
    model: str
    location: Location = NOWHERE
