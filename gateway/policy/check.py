"""One rule put to one request: what it said, and the reason if it refuses. A decision is nothing but its checks."""

from typing import Final

from msgspec import Struct

from gateway.policy.access import AccessRequest
from gateway.policy.directive import Directive
from gateway.policy.restrictions import DENY, NO_RESTRICTIONS, PASS, UNKNOWN, Finding, Restrictions, findings
from gateway.policy.snapshot import Grant, Model, StageRecord
from gateway.policy.vocabulary import Aspect, Reason, Result

Source = str | Model | StageRecord | Grant | Directive
"""Who demands: an entry of the policy, or the name of a fixed rule."""


class Check(Struct, frozen=True, gc=False):
    """The `result` of one rule of `source`, three-valued, and its `reason`, if it refuses.

    `binding` False: it is told and counted, but does not decide (a directive in monitor mode, the conditions of a grant
    that the stage does not demand). `note` is a fixed text for people.
    """

    source: Source
    result: Result
    reason: Reason | None = None
    aspect: Aspect | None = None
    binding: bool = True
    note: str = ""

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

_RESTRICTED: Final = {
    Aspect.US_PERSON: Reason.US_PERSON_REQUIRED,
    Aspect.NATIONALITY: Reason.NATIONALITY_RESTRICTED,
    Aspect.RESIDENCE: Reason.REGION_RESTRICTED,
    Aspect.REGION: Reason.REGION_RESTRICTED,
    Aspect.ANONYMIZER: Reason.ANONYMIZER,
    Aspect.HOSTING: Reason.HOSTING,
}
_UNTOLD: Final = _RESTRICTED | {
    Aspect.US_PERSON: Reason.US_PERSON_UNKNOWN,
    Aspect.NATIONALITY: Reason.NATIONALITY_UNKNOWN,
    Aspect.RESIDENCE: Reason.REGION_UNKNOWN,
    Aspect.REGION: Reason.REGION_UNKNOWN,
}


def check_restrictions(
    rules: Restrictions, source: Source, request: AccessRequest, waived: frozenset[Aspect] = NOTHING_WAIVED, *, binding: bool = True
) -> list[Check]:
    """Put every rule of `rules` to `request`; what is waived is told but does not refuse."""
    if rules is NO_RESTRICTIONS:
        return []
    return [
        Check(source, PASS, None, finding[0], binding) if finding[1] is PASS else _refusal(finding, source, waived, binding=binding)
        for finding in findings(rules, request)
    ]


def _refusal(finding: Finding, source: Source, waived: frozenset[Aspect], *, binding: bool) -> Check:
    aspect, result, unknown = finding
    if aspect in waived:
        return Check(source, result, None, aspect, binding, "waived by the grant")
    if result is UNKNOWN:
        return Check(source, result, _UNTOLD[aspect] if unknown is DENY else None, aspect, binding)
    return Check(source, result, _RESTRICTED[aspect], aspect, binding)
