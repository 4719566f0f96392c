"""The settings file as JSON Schema (draft 2020-12), for editors and for checks outside the gate."""

from typing import Any, Final

import msgspec

from gateway.settings.descriptions import DESCRIPTIONS
from gateway.settings.shape import Settings

JsonObject = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> JsonObject:
    """Make the schema of `gateway.yaml`: every section closed, every setting described, no nulls (a file says a value or says nothing)."""
    (root,), definitions = msgspec.json.schema_components((Settings,), ref_template="#/$defs/{name}")
    described = {name: _section(name, definition) for name, definition in sorted(definitions.items())}
    whole = {"$schema": DIALECT, "title": "Settings of the model access gateway", **root, "$defs": described}
    return msgspec.json.decode(msgspec.json.encode(whole), type=JsonObject)


def schema_text() -> str:
    """Write the schema as indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"


def _section(name: str, definition: JsonObject) -> JsonObject:
    words = DESCRIPTIONS.get(name, {})
    if "properties" not in definition:
        return definition
    properties = {key: _setting(value, words.get(key, "")) for key, value in definition["properties"].items()}
    return {**definition, "properties": properties}


def _setting(value: JsonObject, words: str) -> JsonObject:
    said = [choice for choice in value.pop("anyOf", ()) if choice != {"type": "null"}]
    merged = {**value, **(said[0] if said else {})}
    if merged.get("default", ...) is None:
        del merged["default"]
    unit = merged.get("description", "")
    merged["description"] = f"{words} ({unit})" if unit and words else words or unit
    return merged
