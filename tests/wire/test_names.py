import pytest

from gateway.wire.names import Role, fold, names_model, role_of

VARIANTS = [
    "Model",
    "MODEL",
    "mOdEl",
    "model ",
    " model",
    "mod\0el",
    "mod\u200bel",
    "mod-el",
    "model[]",
    "\ufeffmodel",
    "\uff4d\uff4f\uff44\uff45\uff4c",
    "Models",
]


def test_one_key_names_the_model() -> None:
    assert role_of("model") is Role.MODEL


@pytest.mark.parametrize("name", VARIANTS)
def test_what_a_lenient_reader_takes_for_it_is_a_variant(name: str) -> None:
    assert role_of(name) is Role.VARIANT


@pytest.mark.parametrize(
    "name", ["models", "fallbacks", "engine", "deployment_id", "preset", "draft_model", "answeringModel", "allowed_models"]
)
def test_fields_by_which_others_name_models(name: str) -> None:
    assert role_of(name) is Role.ELSEWHERE


def test_the_rest_is_free_or_looked_into() -> None:
    assert role_of("messages") is role_of("temperature") is Role.FREE
    assert role_of("tools") is role_of("modalities") is role_of("") is role_of("moderation") is Role.OTHER


@pytest.mark.parametrize("name", ["model", "X-Model", "x_model_name", "Model ID", "deployment", "X-Target-Model", "fallbacks", "models"])
def test_parameters_and_headers_that_name_a_model(name: str) -> None:
    assert names_model(name)


@pytest.mark.parametrize("name", ["", "api-version", "modal", "x-model-provider-hint", "route", "preset", "modelVersion"])
def test_parameters_and_headers_that_do_not(name: str) -> None:
    assert not names_model(name)


def test_folding_twice_changes_nothing() -> None:
    for name in [*VARIANTS, "straße", "İ", "Kelvin K"]:
        assert fold(fold(name)) == fold(name)
