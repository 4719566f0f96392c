"""What is wrong with the store reaches the operators: in the log, and on the page about it."""

import logging
import re
from pathlib import Path
from typing import Any, cast

import pytest
from support.servers import RedisServer
from support.witness import Watching

from gateway.audit.metrics import Metrics
from gateway.readings import Readings
from gateway.store import address

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
FILES = Path(__file__).parents[2] / "deploy" / "redis"


def test_the_page_names_every_scheme_option_and_file() -> None:
    page = PAGE.read_text(encoding="utf-8")
    schemes = {f"{scheme}://" for scheme in address._SCHEMES}  # noqa: SLF001 (the list itself)
    options = {f"`{option}=" for option in (*address._TLS_OPTIONS, *address._SENTINEL_OPTIONS)}  # noqa: SLF001
    wanted = schemes | options | {f"`{file.name}`" for file in FILES.iterdir()}
    assert {name for name in wanted if name not in page} == set()


def test_every_metric_on_the_page_exists() -> None:
    there = Metrics(None, "w0", org_label=True).render()[0].decode()
    assert {name for name in re.findall(r"gateway_[a-z_]+", PAGE.read_text(encoding="utf-8")) if name not in there} == set()


async def test_a_problem_is_logged_once_when_it_is_new(
    redis_server: RedisServer, watching: Watching, caplog: pytest.LogCaptureFixture
) -> None:
    witness = await watching(redis_server)
    metrics = Metrics(None, "w0", org_label=True)
    readings = Readings(metrics, witness.watch, cast("Any", None), cast("Any", None))
    with caplog.at_level(logging.INFO):
        for problem in ("", "NOPERM 1", "NOPERM 1", "NOPERM 2"):
            witness.watch.last_error = problem
            readings._tell_store(up=True)  # noqa: SLF001 (the rest of it needs a whole gate)
        readings._tell_store(up=False)  # noqa: SLF001
    assert [record.getMessage() for record in caplog.records] == ["store_problem", "store_problem", "store_lost"]
