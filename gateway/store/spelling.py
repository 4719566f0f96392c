"""Grants, stage records, directives and revocations -> the JSON that the store keeps; pure, the inverse of `codec`."""

import json
import math
from typing import Any, Final

from msgspec import structs

from gateway.policy.assurance import Requirement
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.share import Share
from gateway.policy.snapshot import Grant, Revocation, StageRecord
from gateway.policy.vocabulary import Places
from gateway.store.document import write_time

Json = dict[str, Any]

_PLAIN: Final[tuple[object, ...]] = (None, False, "", (), [], {}, NO_RESTRICTIONS)


def encode_grant(grant: Grant) -> str:
    """One field of an allowlist; a grant without conditions is `{}`."""
    return _write(
        _period(grant.valid_from, grant.valid_until)
        | {
            "evaluator": grant.evaluator,
            "covers_foreign_persons": grant.covers_foreign_persons,
            "waive": sorted(grant.waive),
            "conditions": _restrictions(grant.conditions),
            "authority": grant.authority,
            "limits": _share(grant.share),
            "ownership": [{"country": country, "percent": percent} for country, percent in grant.ownership.shares]
            if grant.ownership
            else [],
        }
    )


def encode_stage(record: StageRecord) -> str:
    """One field of `models`."""
    signoffs = [_said(structs.asdict(one) | {"stage": one.stage.value}) for one in record.signoffs]
    when = {} if record.next_stage is None else {"stage": record.next_stage.value, "from": write_time(record.next_from)}
    coming = _said(when | {"authority": record.next_authority})
    return _write(
        {"stage": record.stage.value, "since": record.since, "authority": record.authority, "signoffs": signoffs}
        | {"next": coming if when else None}
    )


def encode_directive(directive: Directive) -> str:
    """One field of `directives`; its id is the field's name."""
    document: Json = _period(directive.valid_from, directive.valid_until) | {
        "models": sorted(directive.models or ()),
        "except_organisations": sorted(directive.except_organisations),
        "except_models": sorted(directive.except_models or ()),
        "binds_foreign_nationals": directive.binds_foreign_nationals,
        "authority": directive.authority,
        "legal_basis": directive.legal_basis,
        "message": directive.message,
        "contact": directive.contact,
        "mode": "" if directive.enforce else "monitor",
    }
    rule = {"rule": _restrictions(directive.rule)} if directive.effect == "restrict" else {}
    return json.dumps({"effect": directive.effect.value} | rule | _said(document), ensure_ascii=False)


def encode_revocation(revocation: Revocation) -> str:
    """One field of `revocations`; `{}` revokes for good."""
    return _write(_period(-math.inf, revocation.until) | {"reason": revocation.reason})


def _write(document: Json) -> str:
    return json.dumps(_said(document), ensure_ascii=False)


def _said(document: Json) -> Json:
    return {name: value for name, value in document.items() if value not in _PLAIN}


def _period(start: float, until: float) -> Json:
    bounds = {"from": start, "until": until}
    return {name: write_time(instant) for name, instant in bounds.items() if math.isfinite(instant)}


def _restrictions(rule: Restrictions) -> Json:
    """Spell rules by the codes that their groups stood for: the groups' names, and so their review dates, are gone."""
    document = {
        "nationality": _countries(rule.nationality),
        "most_recent": _countries(rule.most_recent),
        "us_person": rule.us_person,
        "residence": _countries(rule.residence),
        "ownership": _owners(rule.ownership),
        "region": _countries(rule.region),
        "deny_anonymizer": rule.deny_anonymizer,
        "deny_hosting": rule.deny_hosting,
        "require_verified": _evidence(rule.require_verified),
    }
    exempt = {} if rule.us_person_exempt else {"us_person_exempt": False}
    return _said(document) | exempt


def _share(share: Share) -> Json:
    rate = {} if share.rate is None else {"requests": share.requests, "per": share.per, "burst": share.rate.burst}
    return rate | ({"concurrent": share.concurrent} if share.concurrent else {})


def _countries(rule: CountryRule | None) -> Json | None:
    if rule is None:
        return None
    lists = {"any_in": rule.any_in, "all_in": rule.all_in}
    rest = {
        "require_verified": _evidence(rule.require_verified),
        "classes": "allow" if rule.admit_classes else "",
        "places": "" if rule.places is Places.ANY else rule.places.value,
    }
    return {name: sorted(codes) for name, codes in lists.items() if codes is not None} | {"unknown": rule.unknown.value} | _said(rest)


def _owners(rule: OwnershipRule | None) -> Json | None:
    if rule is None:
        return None
    bound = {"gte" if rule.inclusive else "gt": rule.percent}
    return {"any_in": sorted(rule.any_in)} | bound | {"unknown": rule.unknown.value} | _said({"together": rule.together})


def _evidence(need: Requirement | None) -> Json | None:
    if need is None:
        return None
    age = {} if need.max_age == math.inf else {"max_age": need.max_age}
    return {"trust_frameworks": sorted(need.trust_frameworks)} | _said({"min_level": need.min_level}) | age
