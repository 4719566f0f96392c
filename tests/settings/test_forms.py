"""The types of the shape in an operator's words."""

import pytest
import yaml
from msgspec import inspect

from gateway.settings.forms import bare, choices, example, expected, plain_value
from gateway.settings.section import Bytes, Name, Seconds
from gateway.settings.shape import Audit, CountryList, Issuer, Keys, Tls


@pytest.mark.parametrize(
    ("kind", "words", "form"),
    [
        (bool, "true or false", "true"),
        (Seconds, "a number of seconds, 0 or more", "1"),
        (Bytes, "a whole number of bytes, 1 or more", "1"),
        (Name, "a name (letters, digits, '.', '_', '-')", "example"),
        (str, "text", "example"),
        (tuple[str, ...], "a list", "[example]"),
        (Tls | None, "a section of keys and values", "{certificate: example, key: example}"),
        (Keys, "a section of keys and values", "{}"),
    ],
)
def test_each_type_has_words_and_a_right_form(kind: object, words: str, form: str) -> None:
    described = inspect.type_info(kind)
    assert (expected(described), example(described)) == (words, form)


def test_closed_sets_are_listed() -> None:
    fields = {field.name: field.type for field in inspect.type_info(Audit).fields}  # type: ignore[attr-defined]
    assert set(choices(bare(fields["mode"]))) == {"off", "best_effort", "required"}
    unknown = inspect.type_info(CountryList).fields[2].type  # type: ignore[attr-defined]
    assert choices(bare(unknown)) == ("deny", "allow")
    assert choices(inspect.type_info(Issuer)) == ()


def test_a_quoted_number_or_boolean_is_text() -> None:
    quoted = yaml.ScalarNode("tag:yaml.org,2002:str", "5", style='"')
    assert plain_value(quoted, inspect.type_info(int)) is None
    assert plain_value(yaml.ScalarNode("tag:yaml.org,2002:int", "5"), inspect.type_info(int)) == 5
