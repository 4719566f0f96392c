"""The order in which rules are written decides nothing: a file turned upside down is the same catalogue."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import structs

from gateway.policy.snapshot import Model
from gateway.settings.loader import load
from gateway.settings.provision import build_catalogue, country_groups
from gateway.settings.shape import Settings

CONFIG = Path(__file__).parents[2] / "config"
UNORDERED = {"models", "any_in", "all_in", "trust_frameworks", "aliases", "members", "include", "groups"}


def turned(value: Any, name: str = "") -> Any:
    """Reverse every mapping, and every list whose order has no meaning."""
    if isinstance(value, dict):
        return {key: turned(value[key], key) for key in reversed(value)}
    if isinstance(value, list):
        return [turned(each) for each in (reversed(value) if name in UNORDERED else value)]
    return value


def written(text: dict[str, Any], directory: Path) -> Settings:
    groups = directory / "groups.yaml"
    groups.write_text(yaml.safe_dump(text.pop("groups"), sort_keys=False))
    file = directory / "gateway.yaml"
    file.write_text(yaml.safe_dump(text | {"country_groups": "groups.yaml"}, sort_keys=False))
    return load(file)


@pytest.mark.parametrize("name", ["gateway.yaml", "policy-tests/settings.yaml"])
def test_a_file_upside_down_is_the_same_catalogue(name: str, tmp_path: Path) -> None:
    text = yaml.safe_load((CONFIG / name).read_text())
    text["groups"] = yaml.safe_load((CONFIG / "country_groups.yaml").read_text())
    text["models"][0]["restrictions"] |= {
        "region": {"any_in": ["ear_e1", "UA-43"], "unknown": "allow"},
        "most_recent": {"all_in": ["five_eyes", "FR"]},
        "require_verified": {"trust_frameworks": ["eidas", "uk_tfida"], "min_level": "high"},
    }
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    as_it_is, upside_down = written(dict(text), one), written(turned(text), other)
    assert [model.id for model in upside_down.models] == [model.id for model in as_it_is.models][::-1]
    catalogues = [dict(build_catalogue(settings, country_groups(settings))) for settings in (as_it_is, upside_down)]
    assert _sorted(catalogues[0]) == _sorted(catalogues[1])


def _sorted(catalogue: dict[str, Model]) -> dict[str, Model]:
    return {name: structs.replace(model, aliases=tuple(sorted(model.aliases))) for name, model in catalogue.items()}
