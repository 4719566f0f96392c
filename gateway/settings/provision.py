"""From settings to what the parts are built of: country groups, the catalogue of models, secrets."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from gateway.errors import SettingsError
from gateway.policy.groups import CountryGroup, expand, read_groups
from gateway.policy.restrictions import CountryRule, Restrictions
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Stage
from gateway.settings.document import read_mapping
from gateway.settings.names import names_of
from gateway.settings.shape import CountryList, Credential, ModelSection, RestrictionsSection, Settings

Expand = Callable[[Iterable[str]], frozenset[str]]


def country_groups(settings: Settings) -> Mapping[str, CountryGroup]:
    """Read the groups of the configured file, none where none is configured. SettingsError names the file and what is wrong in it."""
    if not settings.country_groups:
        return MappingProxyType({})
    path = Path(settings.country_groups)
    try:
        return read_groups(read_mapping(path))
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None


def expand_for(settings: Settings) -> Expand:
    """Country codes and group names -> codes, by the configured groups. The callable raises ValueError naming an unknown word."""
    return _expand_with(country_groups(settings))


def build_catalogue(settings: Settings, groups: Mapping[str, CountryGroup]) -> Mapping[str, Model]:
    """Each name -> its model, in the order of the file; groups in the restrictions are expanded."""
    catalogue: dict[str, Model] = {}
    for section in settings.models:
        model = build_model(section, _expand_with(groups))
        catalogue.update(dict.fromkeys((model.id, *model.aliases), model))
    return MappingProxyType(catalogue)


def build_model(section: ModelSection, expanded: Expand) -> Model:
    """One model. A stage that the file does not name is `preview` for a gated model and `general` for any other."""
    unnamed = Stage.PREVIEW if section.gated else Stage.GENERAL
    return Model(
        id=section.id,
        upstream=section.upstream,
        aliases=tuple(name for name, _ in names_of(section) if name != section.id),
        gated=section.gated,
        hidden=section.hidden,
        stage=section.stage or unnamed,
        restrictions=build_restrictions(section.restrictions, expanded),
        owned_by=section.owned_by,
        created=section.created,
    )


def build_restrictions(section: RestrictionsSection, expanded: Expand) -> Restrictions:
    """Make the rules that `decide` takes."""
    return Restrictions(
        nationality=_rule(section.nationality, expanded),
        us_person=section.us_person,
        us_person_exempt=section.us_person_exempt,
        residence=_rule(section.residence, expanded),
        region=_rule(section.region, expanded),
        deny_anonymizer=section.deny_anonymizer,
        deny_hosting=section.deny_hosting,
    )


def read_secret(credential: Credential, setting: str = "credential") -> str:
    """Read the secret itself, without `prefix`, from its variable or file. SettingsError names that source, never the value."""
    if credential.env:
        return secret_from_environment(credential.env, f"{setting}.env")
    try:
        secret = Path(credential.file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{setting}.file: {credential.file} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from None
    return _sound(secret, f"{setting}.file: {credential.file}")


def secret_from_environment(name: str, setting: str) -> str:
    """Read the environment variable `name`, which the setting `setting` names; SettingsError where unset or empty."""
    return _sound(os.environ.get(name, "").strip(), f"{setting}: environment variable {name}")


def check_secrets(settings: Settings) -> None:
    """Read every secret that the settings name, once; SettingsError lists each that is missing or unusable. For start-up."""
    missing = list(_missing(settings))
    if missing:
        raise SettingsError("\n".join(missing))


def _missing(settings: Settings) -> Iterator[str]:
    for read in _secrets(settings):
        try:
            read()
        except SettingsError as error:
            yield str(error)


def _secrets(settings: Settings) -> Iterator[Callable[[], str]]:
    if settings.store.password_env:
        yield partial(secret_from_environment, settings.store.password_env, "store.password_env")
    if settings.audit.subject_key_env:
        yield partial(secret_from_environment, settings.audit.subject_key_env, "audit.subject_key_env")
    for upstream in settings.upstreams:
        if upstream.credential is not None:
            yield partial(read_secret, upstream.credential, f"upstream {upstream.name}: credential")


def _sound(secret: str, source: str) -> str:
    if not secret:
        raise SettingsError(f"{source} is empty or not set. Set it before starting the gate")
    if not (secret.isascii() and secret.isprintable()):
        raise SettingsError(f"{source} holds characters that no header may carry. Store the plain secret, one line of ASCII")
    return secret


def _rule(section: CountryList | None, expanded: Expand) -> CountryRule | None:
    if section is None:
        return None
    any_in, all_in = (None if names is None else expanded(names) for names in (section.any_in, section.all_in))
    return CountryRule(any_in=any_in, all_in=all_in, unknown=section.unknown)


def _expand_with(groups: Mapping[str, CountryGroup]) -> Expand:
    return lambda names: expand(names, groups)
