"""Orders as documents: what is read, and what is said about each mistake."""

from datetime import UTC, datetime

import pytest

from gateway.admin.directive_document import read_directive
from gateway.errors import SettingsError
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Effect
from gateway.settings.shape import Issuer, Keys

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CATALOGUE = {name: Model(id="frontier-1", upstream="main") for name in ("frontier-1", "frontier-latest")}
LETTER = """\
id: letter-4
authority: letter of 4 June
legal_basis: 50 USC 4813
models: [frontier-latest]
effect: restrict
rule: {us_person: true, nationality: {any_in: [KP]}}
exceptions:
  organisations: [org_acme]
  their_foreign_national_employees: true
  models: [frontier-latest]
from: "2026-06-04"
mode: monitor
supersedes: [letter-3]
"""


ISSUERS = tuple(Issuer(name=name, issuer=f"https://{name}", audience=("gate",), keys=Keys(file="k")) for name in ("corp", "lab"))


def read(text: str) -> object:
    return read_directive(text, "letter.yaml", CATALOGUE, frozenset, NOW, ISSUERS)


def test_a_letter_becomes_what_the_store_keeps() -> None:
    letter = read_directive(LETTER, "letter.yaml", CATALOGUE, frozenset, NOW)
    assert letter.entry == {
        "authority": "letter of 4 June",
        "legal_basis": "50 USC 4813",
        "models": ["frontier-1"],
        "effect": "restrict",
        "rule": {"us_person": True, "nationality": {"any_in": ["KP"]}},
        "except_organisations": ["org_acme"],
        "except_models": ["frontier-1"],
        "from": "2026-06-04T00:00:00Z",
        "mode": "monitor",
    }
    assert (letter.id, letter.supersedes) == ("letter-4", ("letter-3",))
    assert letter.directive.rule.us_person
    assert not letter.directive.enforce
    assert not letter.directive.binds_foreign_nationals


def test_without_models_it_covers_every_gated_one() -> None:
    letter = read_directive("id: a\nauthority: b\neffect: suspend\n", "letter.yaml", CATALOGUE, frozenset, NOW)
    assert (letter.directive.effect, letter.directive.models) == (Effect.SUSPEND, None)


MISTAKES = {
    "frontier-latest": ("frontier-9", "letter.yaml:4: models[0]: model 'frontier-9' is not in the catalogue"),
    "rule: {us_person: true, nationality: {any_in: [KP]}}": (
        "rule: {us_persons: true}",
        "letter.yaml:6: rule.us_persons: unknown key. Did",
    ),
    "effect: restrict": ("effect: suspend", "letter.yaml:5: effect: restrict needs a rule, and suspend takes none"),
    "any_in: [KP]": ("any_in: [NO]", 'Write it in quotes: "NO"'),
    "  their_foreign_national_employees: true\n": (
        "",
        "missing. Write: their_foreign_national_employees: true",
    ),
    '"2026-06-04"': ('"4 June"', "letter.yaml:11: from: '4 June' is no instant. Write 2026-12-31T18:00:00Z"),
    "mode: monitor": ("until: '2020-01-01'", "letter.yaml:12: until: not after from and now"),
    "authority: letter of 4 June": ('authority: ""', "letter.yaml:2: authority: empty"),
    "nationality: {any_in: [KP]}": ("nationality: {}", "letter.yaml:6: rule.nationality: lists nothing"),
    "  organisations: [org_acme]": ("  organisations: []", "letter.yaml:8: exceptions.organisations: an empty list excepts nobody"),
    "organisations: [org_acme]": ("organisations: [corp/org_acme]", "letter.yaml:8: exceptions.organisations[0]: corp is the first issuer"),
    "[org_acme]": (
        "[lab/org_acme, labs/org_acme]",
        "letter.yaml:8: exceptions.organisations[1]: organisation 'labs/org_acme': the settings",
    ),
    "{us_person: true, nationality: {any_in: [KP]}}": ("{us_person_exempt: false}", "letter.yaml:6: rule: an empty rule restricts nobody"),
    "rule: {us_person: true, nationality": (
        "rule: {us_person: true, residence: {any_in: []}, nationality",
        "rule.residence.any_in: an empty list",
    ),
    "  models: [frontier-latest]\n": ("  models: []\n", "letter.yaml:10: exceptions.models: an empty list excepts nobody"),
    "[letter-3]": ("[letter-4]", "letter.yaml:13: supersedes"),
    "id: letter-4\n": ("", "id: missing"),
    "models: [frontier-latest]": ("models: []", "letter.yaml:4: models: an empty list covers nothing"),
}


@pytest.mark.parametrize("right", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_the_right_form(right: str) -> None:
    wrong, said = MISTAKES[right]
    assert right in LETTER
    with pytest.raises(SettingsError) as refused:
        read(LETTER.replace(right, wrong))
    assert said in str(refused.value)
