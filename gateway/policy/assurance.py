"""What a rule may demand of the evidence behind a claim: a trust framework, a level, an age (OpenID Connect for Identity Assurance).

What meets no demand is not trusted: it cannot make a rule pass. Like any assertion it may still make one fail.
"""

import math
from typing import Final

from msgspec import Struct

from gateway.policy.access import Nationalities, Statement, Subject, Verification, merged

LADDERS: Final = {
    "eidas": ("low", "substantial", "high"),  # Regulation (EU) 910/2014, article 8
    "nist_800_63A": ("ial1", "ial2", "ial3"),  # NIST SP 800-63A
    "uk_tfida": ("low", "medium", "high", "very_high"),  # GPG 45
}
"""Levels of assurance by framework, lowest first. Levels of different frameworks are never compared."""

CLOCKS_DIFFER: Final = 300.0
"""A verification dated further ahead than this (seconds) is not believed."""


class Requirement(Struct, frozen=True):
    """Verified under one of `trust_frameworks` (any other is not trusted), at `min_level` or above, less than `max_age` seconds ago.

    An empty `min_level` asks for none. In a framework that is not in `LADDERS` no level is above another: only `min_level` itself counts.
    """

    trust_frameworks: frozenset[str]
    min_level: str = ""
    max_age: float = math.inf

    def met_by(self, evidence: Verification | None, wall: float) -> bool:
        """Say whether `evidence` is good enough at `wall` epoch seconds."""
        if evidence is None or evidence.trust_framework not in self.trust_frameworks:
            return False
        if evidence.time is not None and evidence.time > wall + CLOCKS_DIFFER:
            return False
        return reaches(evidence.trust_framework, evidence.assurance_level, self.min_level) and wall < self.end_of(evidence)

    def end_of(self, evidence: Verification) -> float:
        """Give the instant (epoch seconds) from which `evidence` is too old; without a date it is too old for any limit."""
        if self.max_age == math.inf:
            return math.inf
        return -math.inf if evidence.time is None else evidence.time + self.max_age


def reaches(framework: str, level: str, wanted: str) -> bool:
    """Say whether `level` is `wanted` or above in this framework; case does not matter."""
    if not wanted:
        return True
    level, wanted = level.lower(), wanted.lower()
    ladder = LADDERS.get(framework)
    if ladder is None or level not in ladder or wanted not in ladder:
        return ladder is None and level == wanted
    return ladder.index(level) >= ladder.index(wanted)


class Evidence(Struct, frozen=True):
    """The part of what is known of a person that meets a requirement, from which sources, and until when (epoch seconds)."""

    us_person: bool
    nationalities: Nationalities
    residence: str | None
    sources: tuple[str, ...]
    until: float


def evidence_of(subject: Subject, need: Requirement, wall: float) -> Evidence:
    """Collect the statements that meet `need` at `wall`; where a verified residence contradicts another there is none."""
    good = [(one, one.verification) for one in subject.statements if one.verification and need.met_by(one.verification, wall)]
    residences = {one.residence for one, _ in good} - {None}
    return Evidence(
        any(one.us_person is True for one, _ in good),
        merged(one.nationalities for one, _ in good if one.nationalities is not None),
        residences.pop() if len(residences) == 1 else None,
        tuple(one.source for one, _ in good),
        min((need.end_of(evidence) for _, evidence in good), default=math.inf),
    )


def residences(statements: tuple[Statement, ...]) -> tuple[str, ...]:
    """Name every residence that anything in the token names, each once."""
    return tuple(dict.fromkeys(one.residence for one in statements if one.residence))
