"""The catalogue's own rules: one name means one model, a known upstream, restrictions that say something, known countries and groups."""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.errors import SettingsError
from gateway.policy.groups import NO_GROUPS, Gazetteer, expand
from gateway.settings.names import PLAIN_ROUTES, names_of
from gateway.settings.problems import Problem, did_you_mean, shown
from gateway.settings.provision import country_groups
from gateway.settings.release_shape import ReleasesSection, unsigned
from gateway.settings.rules import COUNTRY_RULES, contradictions
from gateway.settings.rules_shape import CountryList, OwnershipSection, RestrictionsSection
from gateway.settings.shape import ModelSection, Settings

LONGEST_MODEL_NAME: Final = 256
NOTHING: Final = RestrictionsSection()


def model_problems(settings: Settings) -> Iterator[Problem]:
    """Every problem of the catalogue, and of the country groups that it needs."""
    groups = NO_GROUPS
    try:
        groups = country_groups(settings)
    except SettingsError as error:
        yield Problem("country_groups", str(error))
        return
    yield from repeated(_names(settings.models))
    upstreams = {upstream.name for upstream in settings.upstreams}
    for index, model in enumerate(settings.models):
        yield from _model(model, upstreams, groups, f"models[{index}]")
        yield from _unsigned(model, settings.stages, f"models[{index}].stage")


def repeated(names: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Yield a problem for each name that an earlier place has already: pairs of name and path."""
    first: dict[str, str] = {}
    for name, path in names:
        if name in first:
            yield Problem(path, f"{shown(name)} is already {first[name]}. Each must be unique")
        first.setdefault(name, path)


def _names(models: tuple[ModelSection, ...]) -> list[tuple[str, str]]:
    return [(name, f"models[{index}].{place}") for index, model in enumerate(models) for name, place in names_of(model)]


def _model(model: ModelSection, upstreams: set[str], groups: Gazetteer, path: str) -> Iterator[Problem]:
    for name, place in _names((model,)):
        if not name or len(name) > LONGEST_MODEL_NAME or name != name.strip():
            where = path + place.removeprefix("models[0]")
            yield Problem(where, f"expected 1 to {LONGEST_MODEL_NAME} characters without spaces around them")
        elif name.startswith("/") and "routes" not in place:
            yield Problem(path + place.removeprefix("models[0]"), "no name begins with '/'. To bind a route write: routes: [/generate]")
    for index, route in enumerate(model.routes):
        if route not in PLAIN_ROUTES:
            near = did_you_mean(route, PLAIN_ROUTES)
            yield Problem(f"{path}.routes[{index}]", f"no route that may name no model.{near} Known: {', '.join(PLAIN_ROUTES)}")
    if upstreams and model.upstream not in upstreams:
        near = did_you_mean(model.upstream, upstreams)
        yield Problem(f"{path}.upstream", f"no such upstream.{near} Known: {', '.join(sorted(upstreams))}")
    for place, section in _sections(model, path):
        if not model.gated and section != NOTHING:
            yield Problem(place, "restrictions hold for gated models only. Write: gated: true, or remove them")
        yield from _restrictions(section, groups, place)


def _unsigned(model: ModelSection, releases: ReleasesSection, path: str) -> Iterator[Problem]:
    if model.gated and model.stage is not None and (most := unsigned(model.stage, releases)) is not model.stage:
        yield Problem(
            path,
            f"{model.stage} takes sign-offs, which the store records. Write: stage: {most}, and widen with gateway model stage",
        )


def _sections(model: ModelSection, path: str) -> Iterator[tuple[str, RestrictionsSection]]:
    yield f"{path}.restrictions", model.restrictions
    for stage in ("evaluation", "preview", "general"):
        yield f"{path}.stages.{stage}.restrictions", getattr(model.stages, stage).restrictions


def _restrictions(section: RestrictionsSection, groups: Gazetteer, path: str) -> Iterator[Problem]:
    for inner, text in contradictions(section, groups):
        yield Problem(f"{path}.{inner}", text)
    for name in (*COUNTRY_RULES, "ownership"):
        rule = getattr(section, name)
        if rule is not None:
            yield from _rule(rule, groups, f"{path}.{name}")


def _rule(rule: CountryList | OwnershipSection, groups: Gazetteer, path: str) -> Iterator[Problem]:
    lists = {"any_in": rule.any_in, "all_in": rule.all_in if isinstance(rule, CountryList) else None}
    for name, words in lists.items():
        for index, word in enumerate(words or ()):
            yield from _word(word, groups, f"{path}.{name}[{index}]")


def _word(word: str, groups: Gazetteer, path: str) -> Iterator[Problem]:
    try:
        expand((word,), groups)
    except ValueError as error:
        yield Problem(path, f"{error}{did_you_mean(word, groups)}")
