"""Operators' commands as values: each is checked where it is made, so that one which exists can be carried out; pure."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from gateway.admin.directives import ApplyDirective, LiftDirective
from gateway.admin.instants import read_instant, write_instant
from gateway.admin.limits import read_limits
from gateway.admin.revocations import LiftRevocation, Revoke
from gateway.errors import CommandError
from gateway.policy.gazetteer import expand
from gateway.policy.ownership import ownership
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Stage

LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 1024
NAMES_SHOWN: Final = 8
WAIVERS: Final = ("anonymizer", "hosting")

Catalogue = Mapping[str, Model]


class AddPartner(Struct, frozen=True):
    """Put `organisation` on the allowlist of `model` (an id), replacing what it had there; `grant` is the JSON object to be stored."""

    model: str
    organisation: str
    grant: Mapping[str, object]
    reason: str = ""


class RemovePartner(Struct, frozen=True):
    """Take `organisation` off the allowlist of `model`."""

    model: str
    organisation: str
    reason: str = ""


class SetStage(Struct, frozen=True):
    """Move `model` to `stage`; `record` is the JSON object to be stored."""

    model: str
    stage: Stage
    record: Mapping[str, object]
    reason: str = ""


class ImportPartners(Struct, frozen=True):
    """Several admissions and removals in one step."""

    steps: tuple[AddPartner | RemovePartner, ...]
    reason: str = ""


Command = ImportPartners | AddPartner | RemovePartner | SetStage | Revoke | LiftRevocation | ApplyDirective | LiftDirective


def add_partner(
    catalogue: Catalogue,
    organisation: str,
    model: str,
    now: datetime,
    *,
    valid_from: str = "",
    valid_until: str = "",
    evaluator: bool = False,
    covers_foreign_persons: bool = False,
    waive: tuple[str, ...] = (),
    owners: tuple[str, ...] = (),
    limits: str = "",
    authority: str = "",
    reason: str = "",
) -> AddPartner:
    """Check an admission; raises CommandError with the right form. Dates as `read_instant` reads them, until is exclusive.

    `owners` are the organisation's ultimate owners, each written `DE:60` (country, percent); `limits` as `read_limits` reads them.
    """
    fields: dict[str, object] = _period(valid_from, valid_until, now)
    if evaluator:
        fields["evaluator"] = True
    if covers_foreign_persons:
        fields["covers_foreign_persons"] = True
    if waive:
        fields["waive"] = sorted({_waiver(name) for name in waive})
    if owners:
        fields["ownership"] = _owners(owners)
    if limits:
        fields["limits"] = read_limits(limits)
    if authority:
        fields["authority"] = _text(authority, "--authority")
    if reason:
        fields["reason"] = _text(reason, "--reason")
    return AddPartner(known_model(catalogue, model).id, organisation_key(organisation), fields, reason)


def remove_partner(catalogue: Catalogue | None, organisation: str, model: str, *, reason: str = "") -> RemovePartner:
    """Check a removal. A name outside the catalogue is taken as it is: what narrows must work after a model has left the file."""
    found = catalogue.get(model) if catalogue is not None else None
    model_id = found.id if found is not None else _name(model, "--model")
    return RemovePartner(model_id, organisation_key(organisation), _text(reason, "--reason"))


def set_stage(catalogue: Catalogue, model: str, stage: str, now: datetime, *, authority: str = "", reason: str = "") -> SetStage:
    """Check a change of stage; raises CommandError with the list of stages or of near models."""
    if stage not in {known.value for known in Stage}:
        raise CommandError(f"stage {stage!r} is not known. Write one of: {', '.join(Stage)}.")
    record: dict[str, object] = {"stage": stage, "since": write_instant(now)}
    if authority:
        record["authority"] = _text(authority, "--authority")
    return SetStage(known_model(catalogue, model).id, Stage(stage), record, _text(reason, "--reason"))


def known_model(catalogue: Catalogue, name: str) -> Model:
    """Find a model by id or alias; raises CommandError with the nearest names."""
    if (model := catalogue.get(name)) is not None:
        return model
    near = get_close_matches(name, catalogue, n=NAMES_SHOWN, cutoff=0.5) or sorted(catalogue)[:NAMES_SHOWN]
    listed = f"Known names near it: {', '.join(near)}." if near else "The catalogue is empty: add the model to the settings first."
    raise CommandError(f"model {name!r} is not in the catalogue. {listed}")


def organisation_key(name: str) -> str:
    """Check an organisation as the allowlist's key; organisations of other issuers than the first are `<issuer name>/<org>`."""
    return _name(name, "organisation")


def _period(valid_from: str, valid_until: str, now: datetime) -> dict[str, object]:
    start = read_instant(valid_from, now, "--from") if valid_from else None
    end = read_instant(valid_until, now, "--until") if valid_until else None
    if end is not None and end <= (start or now):
        later = "--from" if start is not None else "now"
        raise CommandError(f"--until {write_instant(end)} is not after {later}: the grant would never hold.")
    named = {"from": start, "until": end}
    return {name: write_instant(instant) for name, instant in named.items() if instant is not None}


def _waiver(name: str) -> str:
    if name not in WAIVERS:
        raise CommandError(f"--waive {name!r} is not known. Write one of: {', '.join(WAIVERS)}.")
    return name


def _owners(written: tuple[str, ...]) -> list[dict[str, object]]:
    shares = [(country, percent) for country, _, percent in (owner.partition(":") for owner in written)]
    try:
        expand([country for country, _ in shares])
        found = ownership((country, float(percent)) for country, percent in shares)
    except ValueError as error:
        raise CommandError(f"--owner: {error}. Write --owner DE:60 for an owner in Germany with 60 percent.") from None
    if found is None or any("-" in country for country, _ in shares):
        raise CommandError("--owner: expected countries with a share above 0, together at most 100 percent. Write --owner DE:60.")
    return [{"country": country, "percent": float(percent)} for country, percent in shares]


def _name(name: str, option: str) -> str:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise CommandError(f"{option}: {name!r} is no name. Write 1 to {LONGEST_NAME} printable characters, no space around them.")
    return name


def _text(text: str, option: str) -> str:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise CommandError(f"{option}: write at most {LONGEST_TEXT} printable characters on one line.")
    return text
