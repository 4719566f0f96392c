"""The published schema and the loader agree; every setting is described."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from support.settings_text import WHOLE

from gateway.settings.descriptions import DESCRIPTIONS
from gateway.settings.schema import json_schema, schema_text
from gateway.settings.shape import CountryList, Section

ROOT = Path(__file__).parents[2]


def checked(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return sorted(error.json_path for error in validator.iter_errors(yaml.safe_load(text)))


def kinds(base: type[Section]) -> Iterator[type[Section]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert msgspec.json.decode(schema_text()) == json_schema()
    assert schema_text().endswith("}\n")


@pytest.mark.parametrize("name", ["gateway.yaml", "demo.yaml"])
def test_the_files_that_ship_obey_it(name: str) -> None:
    assert checked((ROOT / "config" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (WHOLE + "    gated: maybe\n", "$.models[0].gated"),
        (WHOLE + "    hiden: true\n", "$.models[0]"),
        (WHOLE + "    stage: open\n", "$.models[0].stage"),
        (WHOLE + "    restrictions: {region: null}\n", "$.models[0].restrictions.region"),
        (WHOLE + "    restrictions: {region: {any_in: [NO]}}\n", "$.models[0].restrictions.region.any_in[0]"),
        (WHOLE + "workers: 0\n", "$.workers"),
        (WHOLE + "store: {timeout: -1}\n", "$.store.timeout"),
    ],
)
def test_it_refuses_what_the_loader_refuses(text: str, place: str) -> None:
    assert checked(text) == [place]


def test_every_setting_is_described_and_nothing_else_is() -> None:
    sections = {kind.__name__: set(kind.__struct_fields__) for kind in kinds(Section) if kind is not CountryList}
    assert {name: set(words) for name, words in DESCRIPTIONS.items()} == sections
    assert all(text.endswith((".", "`.")) for words in DESCRIPTIONS.values() for text in words.values())


def test_every_description_is_in_the_schema() -> None:
    definitions: dict[str, Any] = json_schema()["$defs"]
    missing = [
        f"{name}.{key}"
        for name, words in DESCRIPTIONS.items()
        for key, text in words.items()
        if not definitions[name]["properties"][key]["description"].startswith(text)
    ]
    assert missing == []
