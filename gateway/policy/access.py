"""What is decided on: a subject, a location, the model's name as the caller wrote it, and the instant."""

import math
from typing import Final

from msgspec import Struct


class Instant(Struct, frozen=True, gc=False):
    """One moment on two clocks: `wall` for the dates of grants, `steady` (monotonic) for the age of the policy. Seconds."""

    wall: float
    steady: float


class Nationalities(Struct, frozen=True, gc=False):
    """Known ISO 3166-1 alpha-2 codes in the token's order, and whether any value was not a country (then unknown).

    An empty, missing or unreadable claim is `Nationalities((), unknown=True)`: unknown is not "not listed".
    `classed` are countries whose documents name a lesser class (British National (Overseas) …): a deny list catches them,
    an allow list does not admit them.
    """

    known: tuple[str, ...] = ()
    unknown: bool = True
    classed: tuple[str, ...] = ()


UNKNOWN_NATIONALITIES: Final = Nationalities()


class Subject(Struct, frozen=True, gc=False):
    """Who asks, from a verified token. `organisation` is the allowlist key: plain for the first issuer, `<issuer>/<org>` else.

    `us_person` is three-valued (8 USC 1324b(a)(3)); `expires_at` is the token's `exp`, epoch seconds; `cut_at` is the instant at
    which even running answers end with the token, infinite where its issuer is not so configured.
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


class Location(Struct, frozen=True, gc=False):
    """Where the client's socket ends: it may deny, never grant. `country` alpha-2 or None (unknown); `regions` ISO 3166-2."""

    country: str | None = None
    regions: tuple[str, ...] = ()
    source: str = "none"
    anonymizer: bool = False
    hosting: bool = False


NOWHERE: Final = Location()


class AccessRequest(Struct, frozen=True, gc=False):
    """One question to the policy: may this subject use this model from there? `model` as the caller named it."""

    subject: Subject
    model: str
    location: Location = NOWHERE
