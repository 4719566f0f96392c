"""One rule put to one request: what it said, and the reason if it refuses. A decision is nothing but its checks."""

import math
from typing import Final

from msgspec import Struct

from gateway.policy.access import AccessRequest
from gateway.policy.directive import Directive
from gateway.policy.findings import Finding, findings
from gateway.policy.ownership import Ownership
from gateway.policy.restrictions import DENY, NO_RESTRICTIONS, PASS, UNKNOWN, Restrictions
from gateway.policy.scrutiny import Weighed, weigh
from gateway.policy.snapshot import Grant, Model, StageRecord
from gateway.policy.vocabulary import Aspect, Reason, Result

Source = str | Model | StageRecord | Grant | Directive
"""Who demands: an entry of the policy, or the name of a fixed rule."""


class Check(Struct, frozen=True, gc=False):
    """The `result` of one rule of `source`, three-valued, and its `reason`, if it refuses.

    `binding` False: it is told and counted, but does not decide (a directive in monitor mode, the conditions of a grant
    that the stage does not demand). `note` is a text for people, without facts about the subject. `until`: what it says may
    change by time alone at that instant (epoch seconds).
    """

    source: Source
    result: Result
    reason: Reason | None = None
    aspect: Aspect | None = None
    binding: bool = True
    note: str = ""
    until: float = math.inf

    @property
    def rule(self) -> str:
        """The rule's name for records: `stage:preview`, `model:<id>:region`, `directive:<id>`; no fact about the subject."""
        name = _name(self.source)
        return f"{name}:{self.aspect}" if self.aspect else name

    @property
    def authority(self) -> str:
        """The reference under which the rule was made; empty where it has none."""
        return self.source.authority if isinstance(self.source, StageRecord | Grant | Directive) else ""


def _name(source: Source) -> str:
    match source:
        case str():
            return source
        case Model():
            return f"model:{source.id}"
        case StageRecord():
            return "stage:suspended" if source.invalid else f"stage:{source.stage}"
        case Grant():
            return "grant"
        case Directive():
            return f"directive:{source.id}"


NOTHING_WAIVED: Final[frozenset[Aspect]] = frozenset()
WAIVED: Final = "waived by the grant"

_RESTRICTED: Final = {
    Aspect.US_PERSON: Reason.US_PERSON_REQUIRED,
    Aspect.NATIONALITY: Reason.NATIONALITY_RESTRICTED,
    Aspect.MOST_RECENT: Reason.NATIONALITY_RESTRICTED,
    Aspect.RESIDENCE: Reason.REGION_RESTRICTED,
    Aspect.OWNERSHIP: Reason.OWNERSHIP_RESTRICTED,
    Aspect.REGION: Reason.REGION_RESTRICTED,
    Aspect.ANONYMIZER: Reason.ANONYMIZER,
    Aspect.HOSTING: Reason.HOSTING,
}
_UNTOLD: Final = _RESTRICTED | {
    Aspect.US_PERSON: Reason.US_PERSON_UNKNOWN,
    Aspect.NATIONALITY: Reason.NATIONALITY_UNKNOWN,
    Aspect.MOST_RECENT: Reason.NATIONALITY_UNKNOWN,
    Aspect.RESIDENCE: Reason.REGION_UNKNOWN,
    Aspect.OWNERSHIP: Reason.OWNERSHIP_UNKNOWN,
    Aspect.REGION: Reason.REGION_UNKNOWN,
}


def check_restrictions(
    rules: Restrictions,
    source: Source,
    request: AccessRequest,
    waived: frozenset[Aspect] = NOTHING_WAIVED,
    wall: float = math.inf,
    owners: Ownership | None = None,
    *,
    binding: bool = True,
) -> list[Check]:
    """Put every rule of `rules` to `request` at `wall` epoch seconds; what is waived is told but does not refuse.

    `owners` is what a grant says of the organisation. Without an hour all evidence is too old, and every list.
    """
    if rules is NO_RESTRICTIONS:
        return []
    if rules.plain:
        return check_plain(rules, source, request, waived, binding)
    return [_weighed_check(weighed, source, waived, binding=binding) for weighed in weigh(rules, request, owners, wall)]


def check_plain(
    rules: Restrictions, source: Source, request: AccessRequest, waived: frozenset[Aspect], binding: bool = True
) -> list[Check]:
    """Do the same for plain rules: the hour and the owners do not matter to them."""
    return [
        Check(source, PASS, None, finding[0], binding) if finding[1] is PASS else _refusal(finding, source, waived, binding=binding)
        for finding in findings(rules, request)
    ]


def _refusal(finding: Finding, source: Source, waived: frozenset[Aspect], *, binding: bool) -> Check:
    aspect, result, unknown = finding
    if aspect in waived:
        return Check(source, result, None, aspect, binding, WAIVED)
    if result is UNKNOWN:
        return Check(source, result, _UNTOLD[aspect] if unknown is DENY else None, aspect, binding)
    return Check(source, result, _RESTRICTED[aspect], aspect, binding)


def _weighed_check(weighed: Weighed, source: Source, waived: frozenset[Aspect], *, binding: bool) -> Check:
    plain = _refusal((weighed.aspect, weighed.result, weighed.unknown), source, waived, binding=binding)
    if weighed.result is PASS:
        return Check(source, PASS, None, weighed.aspect, binding, weighed.note, weighed.until)
    if weighed.aspect in waived:
        return plain
    reason = weighed.reason or plain.reason
    return Check(source, weighed.result, reason, weighed.aspect, binding, weighed.note, weighed.until)
