"""What is allowed but hardly meant: said by `gateway check-config` and in the log at start, never an error."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from gateway.policy.gazetteer import CountryGroup, parts_of
from gateway.settings.addresses import host_port, http_url, is_loopback
from gateway.settings.release_shape import ReleasesSection
from gateway.settings.rules import COUNTRY_RULES
from gateway.settings.shape import AdminListener, ModelSection, RestrictionsSection, Settings, Upstream

STAGES: Final = ("evaluation", "preview", "general")


def advice(settings: Settings) -> tuple[str, ...]:
    """Return one sentence for each setting that refuses everybody or exposes something; for settings that `load` has accepted."""
    return (*_exposed(settings.listen.admin), *_unanswerable(settings), *_uncounted(settings.stages), *_in_clear(settings.upstreams))


def overdue(settings: Settings, groups: Mapping[str, CountryGroup], today: date) -> tuple[str, ...]:
    """Return one sentence for each country group that a model names and whose facts should have been reviewed before `today`."""
    return tuple(
        _overdue(name, group)
        for name, group in groups.items()
        if name in groups_in_use(settings, groups) and group.review_by is not None and group.review_by < today
    )


def rule_advice(section: RestrictionsSection, settings: Settings, groups: Mapping[str, CountryGroup], today: date) -> Iterator[str]:
    """Yield the same of one rule that stands in no settings, such as a directive's."""
    yield from _unanswered("rule", section, _told(settings))
    for name in dict.fromkeys(part for named in _named(section) for part in _closure(named, groups)):
        if (day := groups[name].review_by) is not None and day < today:
            yield _overdue(name, groups[name])


def groups_in_use(settings: Settings, groups: Mapping[str, CountryGroup]) -> dict[str, tuple[str, ...]]:
    """Name each group on which a model depends, directly or as a part of another, with the ids of those models."""
    users: dict[str, list[str]] = {}
    for model in settings.models:
        todo = [name for section in _sections(model) for name in _named(section)]
        for name in dict.fromkeys(todo):
            for part in _closure(name, groups):
                users.setdefault(part, []).append(model.id)
    return {name: tuple(dict.fromkeys(models)) for name, models in users.items()}


def _overdue(name: str, group: CountryGroup) -> str:
    return f"country group {name}: to be reviewed by {group.review_by}; the list may have changed since {group.as_of}"


def _closure(name: str, groups: Mapping[str, CountryGroup]) -> Iterator[str]:
    if name in groups:
        yield name
        for part in parts_of(groups[name]):
            yield from _closure(part, groups)


def _sections(model: ModelSection) -> Iterator[RestrictionsSection]:
    yield model.restrictions
    for stage in (model.stages.evaluation, model.stages.preview, model.stages.general):
        yield stage.restrictions


def _named(section: RestrictionsSection) -> Iterator[str]:
    for name in COUNTRY_RULES:
        rule = getattr(section, name)
        yield from (*(rule.any_in or ()), *(rule.all_in or ())) if rule is not None else ()
    yield from section.ownership.any_in if section.ownership is not None else ()


def _exposed(admin: AdminListener) -> Iterator[str]:
    if admin.tls is None and not is_loopback(host_port(admin.address).host):
        yield f"listen.admin.address: {admin.address} is reachable from other machines without TLS"


def _uncounted(stages: ReleasesSection) -> Iterator[str]:
    if stages.preview.partners_at_most is not None and stages.evaluation.partners_at_most is None:
        yield (
            "stages.preview.partners_at_most: evaluators are admitted at preview too, and take places of evaluation, which has no limit. "
            "Write: evaluation: {partners_at_most: 3}"
        )


def _unanswerable(settings: Settings) -> Iterator[str]:
    told = _told(settings)
    for index, model in enumerate(settings.models):
        places = (f"models[{index}].restrictions", *(f"models[{index}].stages.{stage}.restrictions" for stage in STAGES))
        for path, section in zip(places, _sections(model), strict=True):
            yield from _unanswered(path, section, told)


def _unanswered(path: str, section: RestrictionsSection, told: Mapping[str, tuple[bool, str]]) -> Iterator[str]:
    for rule, (known, source) in told.items():
        if getattr(section, rule) and not known:
            yield f"{path}.{rule}: nothing says it ({source} would), so it is unknown for every caller"


def _told(settings: Settings) -> dict[str, tuple[bool, str]]:
    """Say of each rule whether anything can answer it, and what would. Owners stand in grants, too: a rule on them is never hopeless."""
    geolocation, header = settings.geolocation, settings.listen.proxy.country_header != ""
    claims = [issuer.claims for issuer in settings.issuers]
    claim = "a claim of any issuer"
    return {
        "region": (geolocation is not None or header, "a geolocation database or country_header"),
        "nationality": (any(one.nationalities for one in claims), claim),
        "most_recent": (any(one.nationalities or one.most_recent_nationality for one in claims), claim),
        "residence": (any(one.residence for one in claims), claim),
        "us_person": (any(one.us_person for one in claims), claim),
        "require_verified": (any(one.verified_claims for one in claims), claim),
        "deny_anonymizer": (header or bool(geolocation and geolocation.anonymizer), "geolocation.anonymizer"),
        "deny_hosting": (bool(geolocation and geolocation.hosting), "geolocation.hosting"),
    }


def _in_clear(upstreams: tuple[Upstream, ...]) -> Iterator[str]:
    for upstream in upstreams:
        for url in upstream.urls if upstream.credential else ():
            parts = http_url(url, secure=False)
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                yield f"upstream {upstream.name}: its credential travels in clear to {parts.hostname}. Write: https://..."
