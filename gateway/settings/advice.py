"""What is allowed but hardly meant: said by `gateway check-config` and in the log at start, never an error."""

from collections.abc import Iterator, Mapping
from datetime import date

from gateway.policy.groups import CountryGroup
from gateway.settings.addresses import host_port, http_url, is_loopback
from gateway.settings.shape import AdminListener, CountryList, ModelSection, RestrictionsSection, Settings, Upstream


def advice(settings: Settings) -> tuple[str, ...]:
    """Return one sentence for each setting that refuses everybody or exposes something; for settings that `load` has accepted."""
    return (*_exposed(settings.listen.admin), *_unanswerable(settings), *_in_clear(settings.upstreams))


def overdue(settings: Settings, groups: Mapping[str, CountryGroup], today: date) -> tuple[str, ...]:
    """Return one sentence for each country group that a model names and whose facts should have been reviewed before `today`."""
    return tuple(
        f"country group {name}: to be reviewed by {group.review_by}; the list may have changed since {group.as_of}"
        for name, group in groups.items()
        if name in _named(settings) and group.review_by is not None and group.review_by < today
    )


def _named(settings: Settings) -> frozenset[str]:
    rules = (rule for model in settings.models for rule in _lists(model.restrictions))
    return frozenset(name for rule in rules for names in (rule.any_in, rule.all_in) for name in names or ())


def _lists(section: RestrictionsSection) -> Iterator[CountryList]:
    yield from (rule for rule in (section.nationality, section.residence, section.region) if rule is not None)


def _exposed(admin: AdminListener) -> Iterator[str]:
    if admin.tls is None and not is_loopback(host_port(admin.address).host):
        yield f"listen.admin.address: {admin.address} is reachable from other machines without TLS"


def _unanswerable(settings: Settings) -> Iterator[str]:
    known = {
        "region": settings.geolocation is not None or settings.listen.proxy.country_header != "",
        "nationality": any(issuer.claims.nationalities for issuer in settings.issuers),
        "residence": any(issuer.claims.residence for issuer in settings.issuers),
        "us_person": any(issuer.claims.us_person for issuer in settings.issuers),
    }
    for index, model in enumerate(settings.models):
        for rule in _rules(model):
            if not known[rule]:
                source = "a geolocation database or country_header" if rule == "region" else "a claim of any issuer"
                yield f"models[{index}].restrictions.{rule}: nothing says it ({source} would), so it is unknown for every caller"


def _rules(model: ModelSection) -> Iterator[str]:
    for rule in ("region", "nationality", "residence", "us_person"):
        if getattr(model.restrictions, rule):
            yield rule


def _in_clear(upstreams: tuple[Upstream, ...]) -> Iterator[str]:
    for upstream in upstreams:
        for url in upstream.urls if upstream.credential else ():
            parts = http_url(url, secure=False)
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                yield f"upstream {upstream.name}: its credential travels in clear to {parts.hostname}. Write: https://..."
