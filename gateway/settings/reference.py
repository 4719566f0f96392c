"""docs/settings.md, drawn from the shape itself: `python -m gateway.settings.reference > docs/settings.md`."""

import sys
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from gateway.settings.descriptions import DESCRIPTIONS
from gateway.settings.forms import bare, expected
from gateway.settings.shape import Settings

HEAD = """# Settings

Everything that `gateway.yaml` may hold. The file is read strictly: an unknown or repeated key, a wrong type, an unquoted `NO` or a dead
reference is an error that names the line and prints the right form. Check a file with `gateway check-config FILE`; `gateway schema` prints
the JSON Schema for editors. `config/gateway.yaml` is an annotated example.

- Times are seconds, sizes are bytes. Relative paths start at the directory of the file.
- Secrets are never in the file: it names environment variables or files that hold them.
- The file is read again on SIGHUP and when it changes. If the new one is wrong, the old one stays in force, the log says why and
  `gateway_config_reloads_total{outcome="failed"}` counts it. What is bound at start needs a restart: `ledger`, `listen`
  (but for whom the proxy's listener believes, and replaced certificates), `store`, `workers`.
- Running answers to callers of an issuer that is gone, or some of whose tokens are not believed any more or say something else
  (`issuer`, `audience`, `algorithms`, `claims`, which one is first), are cut with `issuer_unknown`.
- Who is on which allowlist, stages, directives and revocations are not here: they live in the store and change at any hour.

This page is generated: `python -m gateway.settings.reference > docs/settings.md`.
"""


Seen = dict[type, str]
"""Each kind of section with the path under which the page describes it: what comes again is only referred to."""


def reference() -> str:
    """Write the whole page as Markdown."""
    return HEAD + "".join(_sections(inspect.type_info(Settings), "", {}))


def paths() -> Iterator[str]:
    """Name every setting as a path, such as `models[].restrictions.region.any_in`; those of a section that comes again only once."""
    yield from _walk(inspect.type_info(Settings), "", {})


def _sections(kind: inspect.Type, path: str, seen: Seen) -> Iterator[str]:
    section, suffix = _section_within(kind)
    if section is None:
        return
    here = path + suffix
    title = f"\n## `{here}`\n\n{(section.cls.__doc__ or '').splitlines()[0]}\n" if here else "\n## The file\n"
    first = seen.setdefault(section.cls, here)
    if first != here:
        yield f"{title}\nThe same settings as under `{first}`.\n"
        return
    rows = "".join(_row(section.cls.__name__, field) for field in section.fields)
    yield f"{title}\n| setting | value | default | meaning |\n|---|---|---|---|\n{rows}"
    for field in section.fields:
        yield from _sections(field.type, f"{here}.{field.encode_name}".lstrip("."), seen)


def _section_within(kind: inspect.Type) -> tuple[inspect.StructType | None, str]:
    kind, suffix = bare(kind), ""
    if isinstance(kind, inspect.VarTupleType):
        kind, suffix = bare(kind.item_type), "[]"
    return (kind, suffix) if isinstance(kind, inspect.StructType) else (None, suffix)


def _walk(kind: inspect.Type, path: str, seen: Seen) -> Iterator[str]:
    section, suffix = _section_within(kind)
    if path:
        yield path + suffix
    if section is not None and seen.setdefault(section.cls, path) == path:
        for field in section.fields:
            yield from _walk(field.type, f"{path}{suffix}.{field.encode_name}".lstrip("."), seen)


def _row(section: str, field: inspect.Field) -> str:
    return f"| `{field.encode_name}` | {expected(field.type)} | {_default(field)} | {DESCRIPTIONS[section][field.encode_name]} |\n"


def _default(field: inspect.Field) -> str:
    if field.required:
        return "*required*"
    if field.default in (None, "", ()) or isinstance(field.default, msgspec.Struct) or field.default_factory is not msgspec.NODEFAULT:
        return "-"
    return f"`{msgspec.json.encode(field.default).decode()}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
