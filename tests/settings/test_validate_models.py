"""One name means one model, and every restriction says something that can be understood."""

from pathlib import Path

import pytest
from support.settings_text import WHOLE, parsed

from gateway.errors import SettingsError

RULE = "    restrictions: {%s}\n"
BROKEN = {
    "ids repeat": ("  - {id: frontier-1, upstream: inference}\n", "models[1].id"),
    "an alias is another model's id": ("    aliases: [b]\n  - {id: b, upstream: inference}\n", "models[1].id"),
    "an alias is another model's alias": ("    aliases: [x]\n  - {id: b, upstream: inference, aliases: [x]}\n", "models[1].aliases[0]"),
    "an alias is the model's own id": ("    aliases: [frontier-1]\n", "models[0].aliases[0]"),
    "a prefix makes another model's name": ("    prefixes: [x-]\n  - {id: x-frontier-1, upstream: inference}\n", "models[1].id"),
    "a suffix makes the model's own name": ("    suffixes: ['']\n", "models[0].suffixes[0]"),
    "a suffix ends with a space": ("    suffixes: ['x ']\n", "models[0].suffixes[0]: expected 1 to 256"),
    "an alias is a path": ("    aliases: [/generate]\n", "models[0].aliases[0]: no name begins with '/'"),
    "a route is unknown": ("    routes: [/generat]\n", "models[0].routes[0]: no route that may name no model. Did you mean"),
    "a route is another model's": (
        "    routes: [/generate]\n  - {id: b, upstream: inference, routes: [/generate]}\n",
        "models[1].routes[0]",
    ),
    "an alias is empty": ("    aliases: ['']\n", "models[0].aliases[0]: expected 1 to 256"),
    "an alias has spaces around it": ("    aliases: [' a']\n", "models[0].aliases[0]: expected 1 to 256"),
    "an alias is endless": (f"    aliases: [{'a' * 257}]\n", "models[0].aliases[0]: expected 1 to 256"),
    "restricted but not gated": ("    gated: false\n" + RULE % "us_person: true", "for gated models only"),
    "a rule without a list": (RULE % "region: {unknown: allow}", "the rule restricts nothing"),
    "a list of nothing": (RULE % "region: {any_in: []}", "an empty list is no rule"),
    "a country nobody knows": (RULE % "region: {any_in: [QQ]}", "restrictions.region.any_in[0]: unknown country"),
    "a country in lower case": (RULE % "nationality: {all_in: [US, de]}", "restrictions.nationality.all_in[1]: unknown country"),
    "a group nobody defined": (RULE % "residence: {any_in: [ear_e1]}", "restrictions.residence.any_in[0]: unknown country"),
    "a part of a country as nationality": (RULE % "nationality: {any_in: [UA-43]}", "work in region rules only"),
    "a most recent nationality nobody knows": (RULE % "most_recent: {any_in: [QQ]}", "restrictions.most_recent.any_in[0]: unknown country"),
    "owners from nowhere": (RULE % "ownership: {any_in: [QQ], gte: 50}", "restrictions.ownership.any_in[0]: unknown country"),
    "owners from part of a country": (RULE % "ownership: {any_in: [UA-43], gte: 50}", "work in region rules only"),
    "evidence about a place": (
        RULE % "region: {any_in: [KP], require_verified: {trust_frameworks: [a]}}",
        "region.require_verified: unknown key",
    ),
    "lesser classes of a home": (RULE % "residence: {any_in: [KP], classes: allow}", "residence.classes: unknown key"),
    "a percentage beyond all": (RULE % "ownership: {any_in: [KP], gte: 101}", "expected a number from 0 to 100"),
    "territories without a file": (RULE % "region: {any_in: [US], territories: true}", "region.territories: nothing says"),
    "a stage that nobody can use": ("    stages: {suspended: {}}\n", "models[0].stages.suspended: unknown key"),
    "a broken rule of a stage": (
        "    stages: {general: {restrictions: {region: {any_in: [QQ]}}}}\n",
        "models[0].stages.general.restrictions.region.any_in[0]: unknown country",
    ),
    "a rule of a stage of what is not gated": (
        "    gated: false\n    stages: {general: {restrictions: {us_person: true}}}\n",
        "models[0].stages.general.restrictions: restrictions hold for gated models only",
    ),
    "a stage that only signatures give": (
        "    stage: general\nstages: {preview: {signoffs: [a]}}\n",
        "models[0].stage: general takes sign-offs",
    ),
    "groups that are not there": ("country_groups: nowhere.yaml\n", "country_groups: "),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_one_rule_one_broken_file(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(WHOLE + text)
    (line,) = str(caught.value).splitlines()
    assert words in line


def test_a_misspelt_group_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text("groups: {five_eyes: {members: [US, GB]}}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="Did you mean five_eyes"):
        parsed(WHOLE + RULE % "residence: {all_in: [five_eye]}" + "country_groups: groups.yaml\n", tmp_path)


def test_groups_that_do_not_parse_are_named_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text("groups: {nordic: {members: [SE, NO]}}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"gateway\.yaml:12: country_groups: .*groups\.yaml.*nordic"):
        parsed(WHOLE + "country_groups: groups.yaml\n", tmp_path)
