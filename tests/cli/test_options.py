from argparse import Namespace
from pathlib import Path

import pytest

from gateway.cli.options import config_path, operator, required_settings, store_section, yes_or_no
from gateway.errors import CommandError, SettingsError


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    monkeypatch.delenv("GATEWAY_STORE_URL", raising=False)
    return tmp_path


def given(config: str | None = None, store: str | None = None) -> Namespace:
    return Namespace(config=config, store=store)


def test_the_settings_file_is_looked_for_in_three_places_in_order(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_path(given()) is None
    (nowhere / "config").mkdir()
    (nowhere / "config" / "gateway.yaml").touch()
    assert config_path(given()) == Path("config/gateway.yaml")
    monkeypatch.setenv("GATEWAY_CONFIG", "from-environment.yaml")
    assert config_path(given()) == Path("from-environment.yaml")
    assert config_path(given("named.yaml")) == Path("named.yaml")


def test_where_there_is_none_the_error_says_where_it_was_looked_for() -> None:
    with pytest.raises(SettingsError, match=r"--config FILE.*GATEWAY_CONFIG.*config/gateway.yaml"):
        required_settings(given())


def test_the_store_is_named_by_option_then_environment_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_section(given(), None).url == "embedded"
    monkeypatch.setenv("GATEWAY_STORE_URL", "redis://from-environment:1")
    assert store_section(given(), None).url == "redis://from-environment:1"
    assert store_section(given(store="redis://named:1"), None).url == "redis://named:1"


def test_the_operator_is_asserted_not_proved() -> None:
    account, _, rest = operator().partition("@")
    assert account
    assert rest.endswith("(asserted)")


def test_yes_or_no() -> None:
    assert (yes_or_no("true", "--us-person"), yes_or_no("false", "--us-person"), yes_or_no(None, "--us-person")) == (True, False, None)
    with pytest.raises(CommandError, match="Write --us-person true"):
        yes_or_no("yes", "--us-person")
