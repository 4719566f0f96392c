"""Allowlists as a file, YAML or CSV: read strictly, compared with what is stored, written out again; pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import yaml
from msgspec import Struct, field

from gateway.admin.commands import AddPartner, ImportPartners, RemovePartner, add_partner
from gateway.admin.organisations import known_organisation
from gateway.admin.partner_table import COLUMNS, as_yaml, flat
from gateway.errors import CommandError
from gateway.policy.snapshot import Model
from gateway.settings.decode import decode
from gateway.settings.document import compose
from gateway.settings.problems import Problem, settings_error
from gateway.settings.rules_shape import RestrictionsSection
from gateway.settings.section import Percent
from gateway.settings.shape import Issuer
from gateway.settings.share_shape import ShareSection
from gateway.store.codec import decode_grant
from gateway.store.rules import Expand

Stored = Mapping[str, Mapping[str, str]]
"""Model id -> organisation -> the grant's JSON as it is stored."""


class OwnerRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One ultimate owner."""

    country: str
    percent: Percent


class PartnerRow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of one allowlist."""

    model: str
    organisation: str
    start: str = field(default="", name="from")
    until: str = ""
    evaluator: bool = False
    covers_foreign_persons: bool = False
    waive: tuple[str, ...] = ()
    authority: str = ""
    ownership: tuple[OwnerRow, ...] = ()
    conditions: RestrictionsSection | None = None
    limits: ShareSection | None = None
    reason: str = ""


class PartnerFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    partners: tuple[PartnerRow, ...]


def read_partners(
    text: str, file: str, catalogue: Mapping[str, Model], issuers: Sequence[Issuer], expand: Expand, now: datetime
) -> tuple[AddPartner, ...]:
    """Read and check a file; one whose name ends in .csv is CSV with a head. SettingsError names the line of each mistake."""
    text = as_yaml(text, file) if file.lower().endswith(".csv") else text
    plain, problems, lines = decode(compose(text, file), PartnerFile)
    if problems:
        raise settings_error(file, problems)
    rows = msgspec.convert(plain, PartnerFile).partners
    found: dict[tuple[str, str], AddPartner] = {}
    wrong: list[Problem] = []
    said = plain["partners"] if isinstance(plain, dict) else ()
    for index, (row, written) in enumerate(zip(rows, said, strict=True)):
        try:
            known_organisation(row.organisation, issuers)
            command = _command(row, written, catalogue, expand, now)
        except CommandError as error:
            wrong.append(Problem(f"partners[{index}]", str(error)).placed(lines))
            continue
        if found.setdefault((command.model, command.organisation), command) is not command:
            wrong.append(Problem(f"partners[{index}]", f"{row.organisation} is on the list of {command.model} already").placed(lines))
    if wrong:
        raise settings_error(file, wrong)
    return tuple(found.values())


def compare(wanted: Sequence[AddPartner], stored: Stored, *, prune: bool, reason: str = "") -> tuple[ImportPartners, list[dict[str, Any]]]:
    """Give what has to be done, and each difference as a row for people; `prune` removes whoever is not in the file."""
    steps: list[AddPartner | RemovePartner] = []
    rows = []
    for command in wanted:
        before = stored.get(command.model, {}).get(command.organisation)
        if before is None or _object(before) != dict(command.grant):
            steps.append(command)
            rows.append(_row("change" if before is not None else "add", command.model, command.organisation, before, dict(command.grant)))
    kept = {(command.model, command.organisation) for command in wanted}
    for model in sorted({command.model for command in wanted}) if prune else ():
        for organisation in sorted(stored.get(model, {})):
            if (model, organisation) not in kept:
                steps.append(RemovePartner(model, organisation, reason))
                rows.append(_row("remove", model, organisation, stored[model][organisation], None))
    return ImportPartners(tuple(steps), reason), rows


def write_partners(stored: Stored, *, as_csv: bool) -> str:
    """Write all allowlists as a file that `read_partners` takes back. CSV has no place for conditions: CommandError where there are any."""
    entries = [
        {"model": model, "organisation": organisation} | _entry(model, organisation, raw)
        for model, grants in sorted(stored.items())
        for organisation, raw in sorted(grants.items())
    ]
    if not as_csv:
        return yaml.safe_dump({"partners": entries}, sort_keys=False, allow_unicode=True)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(flat, entries))
    return out.getvalue()


def _command(row: PartnerRow, written: Any, catalogue: Mapping[str, Model], expand: Expand, now: datetime) -> AddPartner:  # noqa: ANN401 (YAML)
    command = add_partner(
        catalogue,
        row.organisation,
        row.model,
        now,
        valid_from=row.start,
        valid_until=row.until,
        evaluator=row.evaluator,
        covers_foreign_persons=row.covers_foreign_persons,
        waive=row.waive,
        authority=row.authority,
        reason=row.reason,
    )
    more = {name: written[name] for name in ("ownership", "conditions", "limits") if written.get(name)}
    command = AddPartner(command.model, command.organisation, {**command.grant, **more}, row.reason)
    _, problem = decode_grant(msgspec.json.encode(command.grant), expand)
    if problem:
        raise CommandError(problem)
    return command


def _row(what: str, model: str, organisation: str, before: str | None, after: object) -> dict[str, Any]:
    return {
        "what": what,
        "model": model,
        "organisation": organisation,
        "before": None if before is None else _object(before),
        "after": after,
    }


def _object(raw: str) -> Any:  # noqa: ANN401 (JSON)
    try:
        return msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return raw


def _entry(model: str, organisation: str, raw: str) -> dict[str, Any]:
    found = _object(raw)
    if not isinstance(found, dict):
        raise CommandError(f"the grant of {organisation!r} on {model!r} did not parse: mend or remove it first.")
    return found
