"""The image's recipe: by its linter, and what it promises compared with what the code does. Nothing is built."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from gateway.api.admin import AdminServer
from gateway.api.readiness import Readiness
from gateway.audit.metrics import Metrics
from gateway.cli import VERBS
from gateway.settings.addresses import host_port
from gateway.settings.shape import AdminListener, Listen

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/Containerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1)) for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", FILE.read_text())).splitlines() if line.strip()
]


def given(name: str) -> list[str]:
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def sources() -> list[str]:
    """Everything that is copied from the repository, not from another stage."""
    words = [[word for word in rest.split() if not word.startswith("--chmod")] for rest in given("COPY") if "--from=" not in rest]
    return [source for copied in words for source in copied[:-1]]


def health_check() -> list[str]:
    (text,) = given("HEALTHCHECK")
    return [str(word) for word in json.loads(text.partition("CMD ")[2])]


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([HADOLINT, "--no-color", FILE], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_hadolint_does_find_what_is_wrong() -> None:
    done = subprocess.run(
        [HADOLINT, "-"], input="FROM python:latest\nRUN cd /tmp\n", capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 1
    assert {"DL3007", "DL3003"} <= set(re.findall(r"DL\d+", done.stdout))


def test_both_stages_stand_on_the_same_named_python() -> None:
    first, last = given("FROM")
    assert first == f"{last} AS build"
    version = re.fullmatch(r"python:3\.(\d+)-slim", last)
    assert version is not None
    assert f"Python :: 3.{version[1]}" in (ROOT / "pyproject.toml").read_text()


def test_no_host_is_named() -> None:
    assert set(re.findall(r"https?://([^/:']+)", FILE.read_text())) == {"127.0.0.1"}
    assert "index" not in FILE.read_text()


def test_packages_are_the_locked_ones_by_hash_and_need_no_compiler() -> None:
    (install,) = (rest for rest in given("RUN") if "pip install" in rest)
    assert {"--require-hashes", "--only-binary=:all:", "--no-cache-dir"} <= set(install.split())
    assert install.endswith("-r /build/run.txt")
    assert "requirements/run.txt /build/run.txt" in given("COPY")


def test_it_does_not_run_as_root() -> None:
    assert INSTRUCTIONS.index(("USER", "10001:10001")) > max(
        i for i, (name, _) in enumerate(INSTRUCTIONS) if name in {"RUN", "COPY", "FROM"}
    )
    assert any("-o 10001 -g 10001 -m 0700 /var/lib/gateway" in rest for rest in given("RUN"))


def test_what_is_copied_is_there_and_let_through_to_the_builder() -> None:
    lines = (FILE.with_name("Containerfile.dockerignore")).read_text().splitlines()
    open_to = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    assert sources()
    for source in sources():
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) for pattern in open_to), source
    assert set(open_to) == set(sources())


def test_the_ports_are_those_of_the_settings() -> None:
    listen = Listen()
    assert given("EXPOSE") == [f"{host_port(listen.proxy.address).port} {host_port(listen.admin.address).port}"]


def test_it_starts_a_verb_that_exists_with_the_settings_where_they_are_mounted() -> None:
    (command,) = given("CMD")
    verb, option, path = json.loads(command)
    assert verb in VERBS
    assert (option, path) == ("--config", "/etc/gateway/gateway.yaml")
    assert f"GATEWAY_CONFIG={path}" in given("ENV")[-1]
    assert given("ENTRYPOINT") == ['["gateway"]']


def test_what_is_copied_is_all_that_the_gate_needs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "gateway", tmp_path / "app/gateway", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path / "app"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    where = subprocess.run(
        ["python", "-P", "-c", "import gateway; print(gateway.__file__)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert where.stdout.strip() == str(tmp_path / "app/gateway/__init__.py")
    command = [str(ROOT / "deploy/bin/gateway"), "check-config", str(ROOT / "deploy/config/gateway.yaml")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


async def test_the_health_check_passes_while_the_gate_lives_and_fails_when_it_does_not() -> None:
    server = AdminServer(AdminListener(address="127.0.0.1:0"), Readiness, Metrics())
    await server.start()
    port = server.port
    assert await checked(port) == 0
    await server.stop()
    assert await checked(port) == 1


async def checked(port: int) -> int | None:
    """Run the image's health check against another port, in a process as it would be."""
    program, *rest = health_check()
    assert program == "python"
    words = [word.replace(":9090/healthz", f":{port}/healthz") for word in rest]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait()
