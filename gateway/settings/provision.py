"""From settings to what the parts are built of: country groups, the catalogue of models, secrets."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from msgspec import structs

from gateway.errors import SettingsError
from gateway.policy.groups import NO_GROUPS, Gazetteer, read_groups
from gateway.policy.restrictions import NO_RESTRICTIONS, Restrictions
from gateway.policy.share import UNLIMITED, Share
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Stage
from gateway.settings.document import read_mapping
from gateway.settings.names import names_of
from gateway.settings.release_shape import ReleasesSection, unsigned
from gateway.settings.rules import build_restrictions
from gateway.settings.shape import Credential, ModelSection, Settings
from gateway.settings.shares import build_share


def country_groups(settings: Settings) -> Gazetteer:
    """Read the groups of the configured file, none where none is configured. SettingsError names the file and what is wrong in it."""
    return read_country_groups(Path(settings.country_groups)) if settings.country_groups else NO_GROUPS


def read_country_groups(path: Path) -> Gazetteer:
    """Read a file of country groups. SettingsError names the file and what is wrong in it."""
    try:
        return read_groups(read_mapping(path))
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None


def expand_for(settings: Settings) -> Gazetteer:
    """Country codes and group names -> codes, by the configured groups. The callable raises ValueError naming an unknown word."""
    return country_groups(settings)


def build_catalogue(settings: Settings, groups: Gazetteer) -> Mapping[str, Model]:
    """Each name -> its model, in the order of the file; groups in the restrictions are expanded."""
    catalogue: dict[str, Model] = {}
    usual = build_share(settings.fair_share.default)
    for section in settings.models:
        model = build_model(section, groups, settings.stages, usual)
        catalogue.update(dict.fromkeys((model.id, *model.aliases), model))
    return MappingProxyType(catalogue)


def build_model(section: ModelSection, groups: Gazetteer, releases: ReleasesSection, usual: Share = UNLIMITED) -> Model:
    """One model; `usual` is the share where its own says nothing.

    A stage that the file does not name is `general` without a gate, else `preview` or the widest before it that asks for no sign-off.
    """
    unnamed = unsigned(Stage.PREVIEW, releases) if section.gated else Stage.GENERAL
    return Model(
        id=section.id,
        upstream=section.upstream,
        aliases=tuple(name for name, _ in names_of(section) if name != section.id),
        gated=section.gated,
        hidden=section.hidden,
        stage=section.stage or unnamed,
        restrictions=build_restrictions(section.restrictions, groups),
        owned_by=section.owned_by,
        created=section.created,
        by_stage=tuple(_by_stage(section, groups)),
        share=build_share(section.share).over(usual),
    )


def _by_stage(section: ModelSection, groups: Gazetteer) -> Iterator[tuple[Stage, Restrictions]]:
    for stage in structs.fields(section.stages):
        rules = build_restrictions(getattr(section.stages, stage.name).restrictions, groups)
        if rules is not NO_RESTRICTIONS:
            yield Stage(stage.name), rules


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
