"""The policy on two pages, written apart from the gate's own code, plain and slow: the set of reasons, empty means permitted."""

from collections.abc import Iterator

from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Subject, Verification
from gateway.policy.assurance import Requirement
from gateway.policy.directive import Directive
from gateway.policy.ownership import Ownership, OwnershipRule
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Effect, Places, Reason, Result, Stage, Unknown

PERSON = {"us_person", "nationality", "most_recent", "residence"}
LADDER = {"eidas": ["low", "substantial", "high"]}
PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.UNKNOWN
LESSER = "of a lesser class"
Names = set[str]


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
    owners = [grant.ownership if grant else None, request.subject.ownership]
    flaws = set(grant_flaws(grant, stage, request, now, owners))
    if stage in {Stage.EVALUATION, Stage.PREVIEW}:
        found |= flaws
    waived = set() if flaws or grant is None else waivers(grant)
    rules = demands(model, stage)
    for order in policy.directives:
        if touches(order, model, request.subject.organisation, now):
            found |= ordered(order, model, request, owners, now, waived)
    return found.union(*(unwaived(rule, request, owners, now, waived) for rule in rules))


def ordered(
    order: Directive, model: Model, request: AccessRequest, owners: list[Ownership | None], now: Instant, waived: set[str]
) -> set[Reason]:
    whole, rule = order.invalid or order.effect == Effect.SUSPEND, order.rule
    if not order.invalid and excepted(order, model, request.subject.organisation):
        rule, whole = (Restrictions(us_person=True) if whole else rule), False
        waived = waived | {"ownership", "region", "anonymizer", "hosting"}
    reasons = set() if whole else unwaived(rule, request, owners, now, waived)
    return reasons | ({Reason.DIRECTIVE} if whole or reasons else set())


def demands(model: Model, stage: Stage) -> list[Restrictions]:
    return [model.restrictions, *(more for name, more in model.by_stage if name == stage)] if model.gated else []


def revoked(who: Subject, policy: Snapshot, now: Instant) -> bool:
    names = {f"sub:{who.issuer}/{who.subject_id}"} | ({f"org:{who.organisation}"} if who.organisation else set())
    names |= {f"jti:{who.issuer}/{who.token_id}", f"jti:{who.token_id}"} if who.token_id else set()
    return any(entry.invalid or entry.until > now.wall for name, entry in policy.revocations.items() if name in names)


def waivers(grant: Grant) -> set[str]:
    return (PERSON if grant.covers_foreign_persons else set()) | (grant.waive & {"hosting", "anonymizer"})


def unwaived(rules: Restrictions, request: AccessRequest, owners: list[Ownership | None], now: Instant, waived: set[str]) -> set[Reason]:
    return {reason for aspect, reason in broken(rules, request, owners, now.wall) if aspect not in waived}


def current_stage(model: Model, policy: Snapshot) -> Stage:
    if model.id not in policy.stages:
        return model.stage
    record = policy.stages[model.id]
    return Stage.SUSPENDED if record.invalid else record.stage


def grant_flaws(
    grant: Grant | None, stage: Stage, request: AccessRequest, now: Instant, owners: list[Ownership | None]
) -> Iterator[Reason]:
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
        yield from (reason for _, reason in broken(grant.conditions, request, owners, now.wall))


def excepted(order: Directive, model: Model, organisation: str | None) -> bool:
    listed = bool(organisation) and organisation in order.except_organisations
    return listed and (order.except_models is None or model.id in order.except_models)


def touches(order: Directive, model: Model, organisation: str | None, now: Instant) -> bool:
    if not (model.gated if order.models is None else model.id in order.models):
        return False
    in_time = order.valid_from <= now.wall and order.valid_until > now.wall
    freed = excepted(order, model, organisation) and not order.binds_foreign_nationals
    return order.invalid or (order.enforce and in_time and not freed)


def broken(rules: Restrictions, request: AccessRequest, owners: list[Ownership | None], wall: float) -> Iterator[tuple[str, Reason]]:
    who, where = request.subject, request.location
    if rules.us_person:
        if who.us_person is not True:
            yield "us_person", Reason.US_PERSON_UNKNOWN if who.us_person is None else Reason.US_PERSON_REQUIRED
        elif rules.require_verified and not proved_us_person(who, rules.require_verified, wall):
            yield "us_person", Reason.ASSURANCE_INSUFFICIENT
    for aspect in ("nationality", "most_recent", "residence"):
        rule: CountryRule | None = getattr(rules, aspect)
        if rule:
            yield from person(aspect, rule, rules, who, wall)
    if rules.ownership:
        result = owned(rules.ownership, owners)
        yield from spoken("ownership", "ownership", result, rules.ownership.unknown, stale=wall >= rules.ownership.lapses)
    if rules.region:
        results = {listed(rules.region, [place], unknown=vague(rules.region, place)) for place in places(rules.region.places, where)}
        worst = next(result for result in (FAIL, UNKNOWN, PASS) if result in results)
        yield from spoken("region", "region", worst, rules.region.unknown, stale=wall >= rules.region.lapses)
    if rules.deny_anonymizer and where.anonymizer is not False:
        yield "anonymizer", Reason.ANONYMIZER
    if rules.deny_hosting and where.hosting is not False:
        yield "hosting", Reason.HOSTING


def person(aspect: str, rule: CountryRule, rules: Restrictions, who: Subject, wall: float) -> Iterator[tuple[str, Reason]]:
    need = rule.require_verified or rules.require_verified
    us_person = who.us_person is True and (need is None or proved_us_person(who, need, wall))
    if aspect != "residence" and rules.us_person_exempt and us_person:
        return
    kind = "region" if aspect == "residence" else "nationality"
    homes = {one.residence for one in who.statements}
    told = judged(aspect, rule, who.nationalities, homes if len(homes - {None}) > 1 else {who.residence})
    refused = list(spoken(aspect, kind, told, Unknown.DENY if need else rule.unknown, stale=False))
    if need and not refused:
        good = [one for one in who.statements if accepted(one.verification, need, wall)]
        parts = [one.nationalities for one in good if one.nationalities]
        named = {part.most_recent for part in parts if part.most_recent}
        held = Nationalities(
            tuple(code for part in parts for code in part.known),
            not parts or any(part.unknown for part in parts),
            tuple(code for part in parts for code in part.classed),
            min(named) if len(named) == 1 else None,
        )
        if judged(aspect, rule, held, {one.residence for one in good}) != PASS:
            refused = [(aspect, Reason.ASSURANCE_INSUFFICIENT)]
    yield from refused or spoken(aspect, kind, told, rule.unknown, stale=wall >= rule.lapses)


def judged(aspect: str, rule: CountryRule, held: Nationalities, homes: set[str | None]) -> Result:
    if aspect == "residence":
        places = [{home} for home in homes if home]
        several = len(places) > 1
        return max_of([listed(rule, [place], unknown=several or vague(rule, place)) for place in places]) if places else listed(rule, [])
    values = [{code} for code in held.known] + [{code, LESSER} for code in held.classed]
    if aspect == "nationality":
        return listed(rule, values, unknown=held.unknown)
    one = held.most_recent or (min(held.known + held.classed) if len({*held.known, *held.classed}) == 1 and not held.unknown else None)
    return listed(rule, [{one, LESSER} if one in held.classed else {one}] if one else [])


def max_of(results: list[Result]) -> Result:
    return next(result for result in (FAIL, UNKNOWN, PASS) if result in results)


def listed(rule: CountryRule, values: list[Names], *, unknown: bool = False) -> Result:
    """Judge values, each a set of names of one thing: a country, a country held as a lesser class, a place with its subdivisions."""
    if rule.any_in is None and rule.all_in is None:
        return PASS
    if rule.any_in is not None and any(value & rule.any_in for value in values):
        return FAIL
    for value in values if rule.all_in is not None else []:
        if (value and not value & (rule.all_in or set())) or (LESSER in value and not rule.admit_classes):
            return FAIL
    return UNKNOWN if unknown or not values or not all(values) else PASS


def spoken(aspect: str, kind: str, result: Result, unknown: Unknown, *, stale: bool) -> Iterator[tuple[str, Reason]]:
    if result == FAIL:
        yield aspect, Reason(f"{kind}_restricted")
    elif stale or (result == UNKNOWN and unknown == Unknown.DENY):
        yield aspect, Reason(f"{kind}_unknown")


def places(which: Places, where: Location) -> list[Names]:
    if which == Places.REGISTERED:
        return [{where.registered} if where.registered else set()]
    all_places = [where] + [other for other in where.others if which == Places.ANY or other.source != "registered"]
    return [{*one.regions, *([one.country] if one.country else ["nowhere known"] if one.regions else [])} for one in all_places]


def vague(rule: CountryRule, place: Names) -> bool:
    """Whether the country is not known, or only the country is and a part of it is denied."""
    if not place or "nowhere known" in place:
        return True
    return len(place) == 1 and any(name.startswith(f"{min(place)}-") for name in rule.any_in or ())


def accepted(evidence: Verification | None, need: Requirement, wall: float) -> bool:
    if evidence is None or evidence.trust_framework not in need.trust_frameworks:
        return False
    if evidence.time is not None and evidence.time - wall > 300:
        return False
    if need.max_age != float("inf") and (evidence.time is None or evidence.time + need.max_age <= wall):
        return False
    level, least = evidence.assurance_level, need.min_level
    ladder = LADDER.get(evidence.trust_framework, [least])
    return not least or (level in ladder and least in ladder and ladder.index(level) >= ladder.index(least))


def proved_us_person(who: Subject, need: Requirement, wall: float) -> bool:
    return any(one.us_person is True and accepted(one.verification, need, wall) for one in who.statements)


def owned(rule: OwnershipRule, sources: list[Ownership | None]) -> Result:
    results = []
    for source in sources:
        shares = [percent for country, percent in source.shares if country in rule.any_in] if source else []
        most = sum(shares) if rule.together else max(shares, default=0)
        at_worst = most + 100 - (source.told if source else 0)
        over = [percent >= rule.percent if rule.inclusive else percent > rule.percent for percent in (most, at_worst)]
        results.append(FAIL if over[0] else UNKNOWN if over[1] else PASS)
    return next(result for result in (FAIL, PASS, UNKNOWN) if result in results)
