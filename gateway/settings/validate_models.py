"""The catalogue's own rules: one name means one model, a known upstream, restrictions that say something, known countries and groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gateway.errors import SettingsError
from gateway.policy.groups import CountryGroup, expand
from gateway.settings.names import PLAIN_ROUTES, names_of
from gateway.settings.problems import Problem, did_you_mean, shown
from gateway.settings.provision import country_groups
from gateway.settings.shape import CountryList, ModelSection, RestrictionsSection, Settings

LONGEST_MODEL_NAME: Final = 256
COUNTRY_RULES: Final = ("nationality", "residence", "region")
NOTHING: Final = RestrictionsSection()


def model_problems(settings: Settings) -> Iterator[Problem]:
    """Every problem of the catalogue, and of the country groups that it needs."""
    groups: Mapping[str, CountryGroup] = {}
    try:
        groups = country_groups(settings)
    except SettingsError as error:
        yield Problem("country_groups", str(error))
        return
    yield from repeated(_names(settings.models))
    upstreams = {upstream.name for upstream in settings.upstreams}
    for index, model in enumerate(settings.models):
        yield from _model(model, upstreams, groups, f"models[{index}]")


def repeated(names: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Yield a problem for each name that an earlier place has already: pairs of name and path."""
    first: dict[str, str] = {}
    for name, path in names:
        if name in first:
            yield Problem(path, f"{shown(name)} is already {first[name]}. Each must be unique")
        first.setdefault(name, path)


def _names(models: tuple[ModelSection, ...]) -> list[tuple[str, str]]:
    return [(name, f"models[{index}].{place}") for index, model in enumerate(models) for name, place in names_of(model)]


def _model(model: ModelSection, upstreams: set[str], groups: Mapping[str, CountryGroup], path: str) -> Iterator[Problem]:
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
    if not model.gated and model.restrictions != NOTHING:
        yield Problem(f"{path}.restrictions", "restrictions hold for gated models only. Write: gated: true, or remove them")
    for name in COUNTRY_RULES:
        rule = getattr(model.restrictions, name)
        if rule is not None:
            yield from _rule(rule, groups, f"{path}.restrictions.{name}", subdivisions=name == "region")


def _rule(rule: CountryList, groups: Mapping[str, CountryGroup], path: str, *, subdivisions: bool) -> Iterator[Problem]:
    if rule.any_in is None and rule.all_in is None:
        yield Problem(path, 'the rule restricts nothing. Write: any_in: ["XX"] to refuse countries or all_in: ["XX"] to admit only them')
    for name in ("any_in", "all_in"):
        words = getattr(rule, name)
        if words == ():
            yield Problem(f"{path}.{name}", "an empty list is no rule. Name countries or remove the key")
        for index, word in enumerate(words or ()):
            yield from _word(word, groups, f"{path}.{name}[{index}]", subdivisions=subdivisions)


def _word(word: str, groups: Mapping[str, CountryGroup], path: str, *, subdivisions: bool) -> Iterator[Problem]:
    try:
        expand((word,), groups)
    except ValueError as error:
        yield Problem(path, f"{error}{did_you_mean(word, groups)}")
        return
    if "-" in word and word not in groups and not subdivisions:
        yield Problem(path, f"{shown(word)} is part of a country: such codes work in region rules only")
