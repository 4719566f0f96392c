"""A directive as a document: the YAML file in which a dated order is written down, read as strictly as the settings. Pure.

id: letter-2026-06-04
authority: "BIS letter of 4 June 2026"
legal_basis: "50 USC 4813"
models: [frontier-1, frontier-2]
effect: restrict
rule: {us_person: true}
exceptions:
organisations: [org_acme]
their_foreign_national_employees: true
models: [frontier-1]
from: "2026-06-04T18:00:00Z"
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from gateway.admin.commands import known_model, organisation_key
from gateway.admin.instants import read_instant, write_instant
from gateway.admin.organisations import known_organisation
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Effect
from gateway.settings.decode import decode
from gateway.settings.document import compose
from gateway.settings.problems import Problem, settings_error
from gateway.settings.rules_shape import RestrictionsSection
from gateway.settings.section import Name
from gateway.settings.shape import Issuer
from gateway.store.codec import decode_directive
from gateway.store.rules import Expand, demands_nothing

LONGEST_TEXT: Final = 1024
Mode = Literal["enforce", "monitor"]


class ExceptionsSection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom the order leaves alone, and on which of its models; unset: on all of them."""

    organisations: tuple[str, ...]
    their_foreign_national_employees: bool
    models: tuple[str, ...] | None = None


class DirectiveSection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole document. `models` unset: every gated model."""

    id: Name
    authority: str
    effect: Effect
    models: tuple[str, ...] | None = None
    legal_basis: str = ""
    rule: RestrictionsSection | None = None
    exceptions: ExceptionsSection | None = None
    start: str = field(default="", name="from")
    until: str = ""
    message: str = ""
    contact: str = ""
    mode: Mode = "enforce"
    supersedes: tuple[Name, ...] = ()


class ReadDirective(Struct, frozen=True):
    """What was read: the JSON object to be stored under `id`, the value that `decide` takes, and the ids that it replaces."""

    id: str
    entry: Mapping[str, Any]
    directive: Directive
    supersedes: tuple[str, ...] = ()


def read_directive(
    text: str, file: str, catalogue: Mapping[str, Model], expand: Expand, now: datetime, issuers: Sequence[Issuer] | None = None
) -> ReadDirective:
    """Read and check a document; raises SettingsError that names the line of each mistake and prints the right form.

    `issuers`: whose organisations there are to be excepted; without them any name will do.
    """
    plain, problems, lines = decode(compose(text, file), DirectiveSection)
    if problems:
        raise settings_error(file, problems)
    section = msgspec.convert(plain, DirectiveSection)
    wrong = [problem.placed(lines) for problem in _problems(section, catalogue, now, issuers)]
    if wrong:
        raise settings_error(file, wrong)
    entry = entry_of(section, plain.get("rule") if isinstance(plain, dict) else None, catalogue, now)
    directive, problem = decode_directive(section.id, msgspec.json.encode(entry), expand)
    if problem:
        path, _, text = problem.partition(": ")
        at = path if path == "until" else f"rule.{path}"
        raise settings_error(file, [Problem(at, text or problem).placed(lines)])
    return ReadDirective(section.id, entry, directive, section.supersedes)


def entry_of(section: DirectiveSection, rule: object, catalogue: Mapping[str, Model], now: datetime) -> dict[str, Any]:
    """Give the JSON object that the store keeps: `rule` as it was written, models by their ids, instants in UTC."""
    excepted = section.exceptions or ExceptionsSection(organisations=(), their_foreign_national_employees=True)
    said: dict[str, Any] = {
        "effect": section.effect.value,
        "models": None if section.models is None else sorted({known_model(catalogue, name).id for name in section.models}),
        "rule": rule,
        "from": write_instant(read_instant(section.start, now, "from")) if section.start else None,
        "until": write_instant(read_instant(section.until, now, "until")) if section.until else None,
        "except_organisations": sorted(set(excepted.organisations)) or None,
        "except_models": None if excepted.models is None else sorted({known_model(catalogue, name).id for name in excepted.models}),
        "binds_foreign_nationals": None if excepted.their_foreign_national_employees else True,
        "mode": None if section.mode == "enforce" else section.mode,
    }
    texts = {name: getattr(section, name) or None for name in ("authority", "legal_basis", "message", "contact")}
    return {name: value for name, value in (said | texts).items() if value is not None}


def _problems(
    section: DirectiveSection, catalogue: Mapping[str, Model], now: datetime, issuers: Sequence[Issuer] | None
) -> Iterator[Problem]:
    if not section.authority:
        yield Problem("authority", 'empty; a directive names who orders it. Write: authority: "letter of 4 June 2026"')
    if (section.effect is Effect.RESTRICT) != (section.rule is not None):
        right = "rule: {us_person: true}" if section.effect is Effect.RESTRICT else "effect: restrict, or remove the rule"
        yield Problem("effect", f"restrict needs a rule, and suspend takes none. Write: {right}")
    if section.rule is not None and demands_nothing(section.rule):
        yield Problem("rule", "an empty rule restricts nobody. Write: rule: {us_person: true}")
    if section.models == ():
        yield Problem("models", "an empty list covers nothing. Name models, or remove the key to cover every gated one")
    for index, name in enumerate(section.models or ()):
        yield from _tried(f"models[{index}]", partial(known_model, catalogue, name))
    yield from _excepted_organisations(section.exceptions, issuers)
    yield from _excepted(section, catalogue)
    if section.id in section.supersedes:
        yield Problem("supersedes", "a directive replaces the one with its own id anyway. Remove it here")
    yield from _instants(section, now)


def _excepted_organisations(exceptions: ExceptionsSection | None, issuers: Sequence[Issuer] | None) -> Iterator[Problem]:
    if exceptions is not None and not exceptions.organisations:
        yield Problem("exceptions.organisations", "an empty list excepts nobody. Name organisations, or remove exceptions")
    for index, name in enumerate(exceptions.organisations if exceptions is not None else ()):
        path = f"exceptions.organisations[{index}]"
        yield from _tried(path, partial(organisation_key, name))
        yield from _tried(path, partial(known_organisation, name, issuers))


def _excepted(section: DirectiveSection, catalogue: Mapping[str, Model]) -> Iterator[Problem]:
    names = section.exceptions.models if section.exceptions else None
    if names == ():
        yield Problem("exceptions.models", "an empty list excepts nobody. Name models, or remove the key to except on all of them")
    covered = {model.id for name in section.models or () if (model := catalogue.get(name)) is not None}
    for index, name in enumerate(names or ()):
        path = f"exceptions.models[{index}]"
        yield from _tried(path, partial(known_model, catalogue, name))
        model = catalogue.get(name)
        if model is not None and section.models is not None and model.id not in covered:
            yield Problem(path, f"{name!r} is not among the models of the directive, which leaves it alone anyway. Remove it here")


def _instants(section: DirectiveSection, now: datetime) -> Iterator[Problem]:
    wrong = [
        problem
        for name, text in (("from", section.start), ("until", section.until))
        if text
        for problem in _tried(name, partial(read_instant, text, now, name))
    ]
    yield from wrong
    if wrong or not section.until:
        return
    start = read_instant(section.start, now, "from") if section.start else now
    if read_instant(section.until, now, "until") <= max(now, start):
        yield Problem("until", "not after from and now: the directive would never hold. Write a later instant")


def _tried(path: str, check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except CommandError as error:
        yield Problem(path, str(error).removeprefix(f"{path}: "))
