"""Allowlists as a file, YAML or CSV: read strictly, compared with what is stored, written out again; pure."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct, field

from gateway.admin.commands import AddPartner, ImportPartners, RemovePartner, add_partner
from gateway.admin.organisations import known_organisation
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

COLUMNS: Final = (
    *("model", "organisation", "from", "until", "evaluator", "covers_foreign_persons", "waive", "authority", "ownership"),
    "reason",
)
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
    text = _as_yaml(text, file) if file.lower().endswith(".csv") else text
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
    writer.writerows(map(_flat, entries))
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


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    for name in ("conditions", "limits"):
        if entry.get(name):
            raise CommandError(
                f"the grant of {entry['organisation']!r} on {entry['model']!r} has {name}, for which CSV has no place. Use YAML."
            )
    flat = {name: str(value) for name, value in entry.items() if name not in {"waive", "ownership", "evaluator", "covers_foreign_persons"}}
    flat["waive"] = " ".join(entry.get("waive", ()))
    flat["ownership"] = " ".join(f"{one['country']}:{one['percent']:g}" for one in entry.get("ownership", ()))
    return flat | {name: "true" for name in ("evaluator", "covers_foreign_persons") if entry.get(name)}


def _as_yaml(text: str, file: str) -> str:
    """Spell CSV as YAML on the same lines, so that there is one reading, and mistakes are named by the line of the table."""
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        head = next(reader, [])
        unknown = [name for name in head if name not in COLUMNS]
        if unknown or not {"model", "organisation"} <= set(head):
            raise settings_error(file, [Problem("", f"expected a head of some of these columns: {', '.join(COLUMNS)}", 1)])
        lines = ["partners:"]
        for cells in reader:
            said = {name: cell.strip() for name, cell in zip(head, cells, strict=True) if cell.strip()}
            lines += [""] * (reader.line_num - len(lines) - 1)
            lines.append("- " + msgspec.json.encode(_unflat(said)).decode())
    except (csv.Error, ValueError) as error:
        raise settings_error(file, [Problem("", f"not readable as CSV: {error}", max(reader.line_num, 1))]) from None
    return "\n".join(lines) if len(lines) > 1 else "partners: []"


def _unflat(said: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = dict(said)
    for name in ("evaluator", "covers_foreign_persons"):
        if name in entry:
            entry[name] = {"true": True, "false": False}.get(said[name], said[name])
    if "waive" in entry:
        entry["waive"] = said["waive"].split()
    if "ownership" in entry:
        entry["ownership"] = [_owner(part) for part in said["ownership"].split()]
    return entry


def _owner(part: str) -> dict[str, Any]:
    country, _, percent = part.partition(":")
    try:
        share = float(percent)
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise ValueError(f"ownership {part!r} is no share. Write DE:60 US:40")
    return {"country": country, "percent": share}
