import pytest

from gateway.admin.organisations import known_organisation
from gateway.errors import CommandError
from gateway.settings.shape import Issuer, Keys

FIRST, SECOND = (Issuer(name=name, issuer=f"https://{name}.example", audience=("a",), keys=Keys()) for name in ("corp", "partners"))


@pytest.mark.parametrize("name", ["org_acme", "Größe_組織", "partners/org_acme", "partners/with/slashes"])
def test_what_tokens_can_carry_is_taken_as_it_is(name: str) -> None:
    assert known_organisation(name, (FIRST, SECOND)) == name


@pytest.mark.parametrize(
    ("name", "issuers", "right_form"),
    [
        ("nobody/org_acme", (FIRST, SECOND), "no issuer 'nobody'. Write partners/org_acme."),
        ("nobody/org_acme", (FIRST,), "no issuer 'nobody'. The only one is corp, whose organisations are plain."),
        ("corp/org_acme", (FIRST, SECOND), "corp is the first issuer of the settings, whose organisations are plain: write org_acme."),
    ],
)
def test_what_none_can_carry_is_refused_with_the_right_form(name: str, issuers: tuple[Issuer, ...], right_form: str) -> None:
    with pytest.raises(CommandError) as refused:
        known_organisation(name, issuers)
    assert right_form in str(refused.value)


def test_without_settings_nothing_can_be_said() -> None:
    assert known_organisation("nobody/org_acme", None) == "nobody/org_acme"
