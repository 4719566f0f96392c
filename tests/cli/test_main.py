import subprocess
import sys

import pytest

from gateway import __version__
from gateway.cli import VERBS, main
from gateway.cli.failures import exit_code
from gateway.errors import CommandError, GatewayError, SettingsError, StoreUnavailableError


def test_no_verb_is_bad_usage_and_shows_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr().err
    assert all(verb in shown for verb in VERBS)


@pytest.mark.parametrize(
    "arguments", [["fly"], ["partner"], ["partner", "fly"], ["partner", "add"], ["schema", "--fly"], ["model", "stage", "m"]]
)
def test_what_is_not_understood_is_bad_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_can_be_asked_for_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"gateway {verb}" in capsys.readouterr().out


def test_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("no"), 1),
        (GatewayError("no"), 1),
        (SettingsError("no"), 2),
        (StoreUnavailableError("no"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_breakage_has_its_code(error: BaseException, code: int) -> None:
    def broken() -> int:
        raise error

    assert exit_code(broken) == code


def test_an_error_is_one_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> int:
        raise CommandError("write it so")

    exit_code(refused)
    assert capsys.readouterr().err == "gateway: write it so\n"


def test_a_lost_store_is_told_with_how_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def lost() -> int:
        raise StoreUnavailableError("127.0.0.1:1: no answer.")

    exit_code(lost)
    assert capsys.readouterr().err == "gateway: 127.0.0.1:1: no answer. The store is named by --store, GATEWAY_STORE_URL or the settings\n"


def test_help_loads_no_server_and_no_store() -> None:
    program = (
        "import sys, gateway.cli\ntry: gateway.cli.main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert not [name for name in ("aiohttp", "redis", "uvloop", "rich", "jwt") if f"'{name}'" in loaded]
