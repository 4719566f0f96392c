"""The page on rules: its examples are good, and it names every rule."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from gateway.policy.groups import read_groups
from gateway.policy.restrictions import NO_RESTRICTIONS
from gateway.settings.rules import build_restrictions
from gateway.settings.rules_shape import NationalityList, OwnershipSection, RegionList, RequireVerified, RestrictionsSection

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
GROUPS = read_groups(yaml.safe_load((ROOT / "config" / "country_groups.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_good(example: str) -> None:
    section = msgspec.convert(yaml.safe_load(example), RestrictionsSection)
    assert build_restrictions(section, GROUPS) is not NO_RESTRICTIONS


@pytest.mark.parametrize("kind", [RestrictionsSection, NationalityList, RegionList, OwnershipSection, RequireVerified])
def test_every_key_is_explained(kind: type[msgspec.Struct]) -> None:
    assert [name for name in kind.__struct_fields__ if name not in PAGE] == []
    assert len(EXAMPLES) == 3
