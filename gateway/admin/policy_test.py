"""Policy tests: cases with a token's claims, an address's country, a model and an hour, decided as the gate would; pure.

policy:
stages: {frontier-1: {stage: preview}}
grants: {frontier-1: {org_acme: {}}}
directives: {letter-4: {effect: restrict, rule: {us_person: true}}}
cases:
- name: a German employee is refused
claims: {sub: ann, org_id: org_acme, nationalities: [DE]}
model: frontier-1
country: DE
at: "2026-06-05T12:00:00Z"
expect: deny
reasons: [directive, us_person_unknown]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, structs

from gateway.errors import CommandError, SettingsError
from gateway.identity.claims import subject_from
from gateway.policy.access import AccessRequest, Instant, Location
from gateway.policy.countries import read_country
from gateway.policy.decide import decide, trace
from gateway.policy.decision import Denial
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Model, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.settings.decode import decode
from gateway.settings.document import compose
from gateway.settings.problems import settings_error
from gateway.settings.shape import Issuer
from gateway.store.assembly import Assembly
from gateway.store.document import read_time
from gateway.store.keys import Keys
from gateway.store.rules import Expand
from gateway.store.stored import Stored

STALENESS: Final = 60.0
Entries = dict[str, dict[str, Any]]
Locate = Callable[[str, str], Location]
"""An address and what the CDN's header says of its country -> the place."""


class PolicySection(Struct, frozen=True, forbid_unknown_fields=True):
    """The entries of the store, as they would be stored."""

    stages: Entries = {}
    grants: dict[str, Entries] = {}
    directives: Entries = {}
    revocations: Entries = {}


class Case(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question and the answer expected; `reasons` are all of them, in their order, where they are given.

    With `address` the place is looked up as the gate would, and `country` is what the CDN's header says; without it, `country` and the
    rest are the place itself.
    """

    name: str
    claims: dict[str, Any]
    model: str
    at: str
    expect: Literal["permit", "deny"]
    reasons: tuple[Reason, ...] | None = None
    issuer: str = ""
    address: str = ""
    country: str = ""
    regions: tuple[str, ...] = ()
    anonymizer: bool | None = None
    hosting: bool | None = None
    policy: PolicySection | None = None


class PolicyTest(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. A case's own `policy` replaces that of the file."""

    cases: tuple[Case, ...]
    policy: PolicySection = PolicySection()
    settings: str = ""


class Outcome(Struct, frozen=True):
    """What came of a case: empty `problem` where it was as expected; the rules that were put to it."""

    name: str
    decision: str
    reasons: tuple[str, ...]
    problem: str
    rules: tuple[str, ...]


def read_policy_test(text: str, file: str) -> PolicyTest:
    """Read a file's text as strictly as the settings; raises SettingsError that names the line of each mistake and its right form."""
    plain, problems, _ = decode(compose(text, file), PolicyTest)
    if problems:
        raise settings_error(file, problems)
    try:
        return msgspec.convert(plain, PolicyTest)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}") from None


def run_cases(
    test: PolicyTest, catalogue: Mapping[str, Model], expand: Expand, issuers: Iterable[Issuer], locate: Locate
) -> tuple[list[Outcome], dict[str, int]]:
    """Decide every case; also count how often each rule of the policies was put (0: no case reaches it)."""
    known = {issuer.name: (issuer, index > 0) for index, issuer in enumerate(issuers)}
    outcomes = []
    covered: dict[str, int] = {}
    for case in test.cases:
        snapshot = _snapshot(case.policy or test.policy, catalogue, expand)
        outcome = _decide(case, snapshot, known, locate)
        for rule in (*_rules(snapshot), *outcome.rules):
            covered.setdefault(rule, 0)
        for rule in set(outcome.rules):
            covered[rule] += 1
        outcomes.append(outcome)
    return outcomes, dict(sorted(covered.items()))


def _decide(case: Case, snapshot: Snapshot, issuers: Mapping[str, tuple[Issuer, bool]], locate: Locate) -> Outcome:
    name = case.issuer or next(iter(issuers), "")
    if name not in issuers:
        raise CommandError(f"case {case.name!r}: issuer {name!r} is not in the settings. Write one of: {', '.join(issuers)}")
    issuer, qualify = issuers[name]
    now = Instant(_instant(case), 0.0)
    subject = subject_from(case.claims, issuer, qualify)
    request = AccessRequest(subject, case.model, _location(case, locate))
    decision = decide(request, snapshot, now)
    rules = tuple(check.rule for check in trace(request, snapshot, now))
    reasons = tuple(str(reason) for reason in decision.reasons) if isinstance(decision, Denial) else ()
    answer = "deny" if isinstance(decision, Denial) else "permit"
    return Outcome(case.name, answer, reasons, _problem(case, answer, reasons), rules)


def _problem(case: Case, answer: str, reasons: tuple[str, ...]) -> str:
    if answer != case.expect:
        return f"expected {case.expect}, got {answer}" + (f" ({', '.join(reasons)})" if reasons else "")
    if case.reasons is not None and reasons != tuple(map(str, case.reasons)):
        return f"expected {', '.join(map(str, case.reasons)) or 'no reason'}, got {', '.join(reasons)}"
    return ""


def _instant(case: Case) -> float:
    try:
        return read_time(case.at, "at")
    except ValueError as error:
        raise CommandError(f"case {case.name!r}: {error}") from None


def _location(case: Case, locate: Locate) -> Location:
    if case.address:
        if case.regions or case.anonymizer is not None or case.hosting is not None:
            raise CommandError(f"case {case.name!r}: with an address the databases say regions, anonymizer and hosting. Remove them")
        return locate(case.address, case.country)
    country = read_country(case.country, "alpha-2") if case.country else None
    return Location(country, case.regions, "test", case.anonymizer, case.hosting)


def _snapshot(policy: PolicySection, catalogue: Mapping[str, Model], expand: Expand) -> Snapshot:
    assembly = Assembly(Keys(), catalogue, expand)
    steps = assembly.take(
        Stored(
            b"1",
            _hash(policy.stages),
            _hash(policy.directives),
            _hash(policy.revocations),
            {name: _hash(policy.grants.get(name, {})) for name in assembly.ids},
        )
    )
    for _ in steps:
        pass
    snapshot = assembly.snapshot(0.0, STALENESS)
    for entry in snapshot.invalid:
        raise CommandError(f"{entry.key}, {entry.field}: {entry.problem}")
    for model in policy.grants:
        if model not in assembly.ids:
            raise CommandError(f"grants: model {model!r} is not in the catalogue")
    return snapshot


def _hash(entries: Mapping[str, Any]) -> list[Any]:
    return [part for name, value in entries.items() for part in (name.encode(), msgspec.json.encode(value))]


def _rules(snapshot: Snapshot) -> list[str]:
    """Name every rule that the policy and the catalogue have, as checks name them."""
    models = {model.id: model for model in snapshot.catalogue.values()}
    found = [rule for model in models.values() if model.gated for rule in _aspects(f"model:{model.id}", model.restrictions)]
    found += [rule for model in models.values() for stage, more in model.by_stage for rule in _aspects(f"model:{model.id}:{stage}", more)]
    found += [rule for held in snapshot.grants.values() for grant in held.values() for rule in _aspects("grant", grant.conditions)]
    for directive in snapshot.directives:
        found += [f"directive:{directive.id}", *_aspects(f"directive:{directive.id}", directive.rule)]
    return found


def _aspects(prefix: str, rules: Restrictions) -> list[str]:
    named = {"deny_anonymizer": "anonymizer", "deny_hosting": "hosting"}
    aspects = ("us_person", "nationality", "most_recent", "residence", "ownership", "region", *named)
    values = structs.asdict(rules)
    return [f"{prefix}:{named.get(aspect, aspect)}" for aspect in aspects if values[aspect]]
