"""The policy on one page, written apart from the gate's own code, plain and slow: the set of reasons, empty means permitted."""

from collections.abc import Iterator

from gateway.policy.access import AccessRequest, Instant, Subject
from gateway.policy.directive import Directive
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Effect, Reason, Stage, Unknown

PERSON = {"us_person", "nationality", "residence"}
NO_ALLOW_LIST = "a class that no allow list takes"


def by_the_book(request: AccessRequest, policy: Snapshot, now: Instant) -> set[Reason]:
    found = {Reason.TOKEN_REVOKED} if revoked(request.subject, policy, now) else set()
    if not policy.initialised:
        found.add(Reason.POLICY_UNINITIALISED)
    if now.wall >= request.subject.cut_at:
        found.add(Reason.TOKEN_EXPIRED)
    if request.model not in policy.catalogue:
        return found | {Reason.MODEL_UNKNOWN}
    model = policy.catalogue[request.model]
    stage = current_stage(model, policy)
    if stage == Stage.SUSPENDED:
        found.add(Reason.MODEL_SUSPENDED)
    if (model.gated or stage != Stage.GENERAL) and now.steady - policy.confirmed_at > policy.max_staleness:
        found.add(Reason.POLICY_STALE)

    grant = policy.grants.get(model.id, {}).get(request.subject.organisation or "")
    flaws = set(grant_flaws(grant, stage, request, now))
    if stage in {Stage.EVALUATION, Stage.PREVIEW}:
        found |= flaws
    waived = set() if flaws or grant is None else waivers(grant)
    rules = [model.restrictions] if model.gated else []
    for order in policy.directives:
        if touches(order, model, request.subject.organisation, now):
            whole = order.invalid or order.effect == Effect.SUSPEND
            if whole or unwaived(order.rule, request, waived):
                found.add(Reason.DIRECTIVE)
            rules += [] if whole else [order.rule]
    return found.union(*(unwaived(rule, request, waived) for rule in rules))


def revoked(who: Subject, policy: Snapshot, now: Instant) -> bool:
    names = {f"sub:{who.issuer}/{who.subject_id}"} | ({f"org:{who.organisation}"} if who.organisation else set())
    names |= {f"jti:{who.issuer}/{who.token_id}", f"jti:{who.token_id}"} if who.token_id else set()
    return any(entry.invalid or entry.until > now.wall for name, entry in policy.revocations.items() if name in names)


def waivers(grant: Grant) -> set[str]:
    return (PERSON if grant.covers_foreign_persons else set()) | (grant.waive & {"hosting", "anonymizer"})


def unwaived(rules: Restrictions, request: AccessRequest, waived: set[str]) -> set[Reason]:
    return {reason for aspect, reason in broken(rules, request) if aspect not in waived}


def current_stage(model: Model, policy: Snapshot) -> Stage:
    if model.id not in policy.stages:
        return model.stage
    record = policy.stages[model.id]
    return Stage.SUSPENDED if record.invalid else record.stage


def grant_flaws(grant: Grant | None, stage: Stage, request: AccessRequest, now: Instant) -> Iterator[Reason]:
    if not request.subject.organisation:
        yield Reason.ORG_MISSING
    elif grant is None:
        yield Reason.ORG_NOT_APPROVED
    elif grant.invalid:
        yield Reason.GRANT_INVALID
    elif stage == Stage.EVALUATION and not grant.evaluator:
        yield Reason.ORG_NOT_APPROVED
    elif grant.valid_from > now.wall:
        yield Reason.GRANT_NOT_YET_VALID
    elif grant.valid_until <= now.wall:
        yield Reason.GRANT_EXPIRED
    else:
        yield from (reason for _, reason in broken(grant.conditions, request))


def touches(order: Directive, model: Model, organisation: str | None, now: Instant) -> bool:
    if not (model.gated if order.models is None else model.id in order.models):
        return False
    in_time = order.valid_from <= now.wall and order.valid_until > now.wall
    return order.invalid or (order.enforce and in_time and not (organisation and organisation in order.except_organisations))


def broken(rules: Restrictions, request: AccessRequest) -> Iterator[tuple[str, Reason]]:
    who, where = request.subject, request.location
    if rules.us_person and who.us_person is not True:
        yield "us_person", Reason.US_PERSON_UNKNOWN if who.us_person is None else Reason.US_PERSON_REQUIRED
    if rules.nationality and not (rules.us_person_exempt and who.us_person is True):
        held = who.nationalities
        values = [{code} for code in held.known] + [{code, NO_ALLOW_LIST} for code in held.classed]
        yield from verdict("nationality", rules.nationality, values, unknown=held.unknown or not values)
    if rules.residence:
        home = {who.residence} if who.residence else set()
        yield from verdict("residence", rules.residence, [home] if home else [], unknown=not home or in_part(rules.residence, home))
    if rules.region:
        place = {*where.regions, *({where.country} if where.country else ())}
        yield from verdict("region", rules.region, [place] if place else [], unknown=not where.country or in_part(rules.region, place))
    if rules.deny_anonymizer and where.anonymizer:
        yield "anonymizer", Reason.ANONYMIZER
    if rules.deny_hosting and where.hosting:
        yield "hosting", Reason.HOSTING


def in_part(rule: CountryRule, place: set[str]) -> bool:
    """Whether only the country is known, and a part of it is denied."""
    return len(place) == 1 and any(name.startswith(f"{min(place)}-") for name in rule.any_in or ())


def verdict(aspect: str, rule: CountryRule, values: list[set[str]], *, unknown: bool) -> Iterator[tuple[str, Reason]]:
    """Judge values, each a set of names of one thing: a country, a country held as a lesser class, a place with its subdivisions."""
    kind = "nationality" if aspect == "nationality" else "region"
    denied = rule.any_in is not None and any(value & rule.any_in for value in values)
    not_allowed = rule.all_in is not None and any(not value & rule.all_in or NO_ALLOW_LIST in value for value in values)
    if denied or not_allowed:
        yield aspect, Reason(f"{kind}_restricted")
    elif unknown and rule.unknown == Unknown.DENY and not (rule.any_in is None and rule.all_in is None):
        yield aspect, Reason(f"{kind}_unknown")
