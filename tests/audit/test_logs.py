"""Logs as machines and people read them, and what can never be in them."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.logs import LONGEST, clean, configure, event
from gateway.errors import SettingsError
from gateway.settings.shape import Log

LOG = logging.getLogger("gateway.tests")
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    configure(Log(), "w0", stream)
    yield stream
    root.handlers[:], root.level = before
    logging.getLogger("gateway").setLevel(logging.NOTSET)


class Refusing:
    def read(self) -> None:
        raise SettingsError("gateway.yaml:12: expected true or false")


def told(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_its_fields(stream: io.StringIO) -> None:
    event(LOG, logging.INFO, "policy_applied", revision=7, seconds=0.002, store="redis")
    (line,) = told(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "policy_applied",
        "logger": "gateway.tests",
        "worker": "w0",
        "revision": 7,
        "seconds": 0.002,
        "store": "redis",
    }


def test_a_field_for_what_a_caller_sent_does_not_exist(stream: io.StringIO) -> None:
    for name in ("token", "claims", "nationality", "body", "authorization", "subject"):
        with pytest.raises(ValueError, match="log fields are"):
            event(LOG, logging.INFO, "request", **{name: "x"})  # type: ignore[arg-type]  # a name that is not known
    assert stream.getvalue() == ""


def test_text_is_for_people(stream: io.StringIO) -> None:
    configure(Log(format="text"), "w0", stream)
    event(LOG, logging.WARNING, "store_lost", reason="timeout", attempt=2)
    assert stream.getvalue()[25:] == "warning w0 store_lost reason=timeout attempt=2\n"


def test_the_level_is_ours_and_foreign_libraries_only_warn(stream: io.StringIO) -> None:
    configure(Log(level="debug"), "w0", stream)
    event(LOG, logging.DEBUG, "detail")
    logging.getLogger("asyncio").info("chatter")
    assert [line["event"] for line in told(stream)] == ["detail"]


def test_an_error_of_ours_keeps_its_text_and_its_place(stream: io.StringIO) -> None:
    with pytest.raises(SettingsError) as caught:
        Refusing().read()
    event(LOG, logging.ERROR, "config_kept", caught.value)
    (line,) = told(stream)
    assert (line["error"], line["message"]) == ("SettingsError", "gateway.yaml:12: expected true or false")
    assert re.match(r"test_logs\.py:\d+ read < test_logs\.py:\d+ ", line["where"])


def test_a_foreign_error_keeps_its_type_and_place_but_never_its_text(stream: io.StringIO) -> None:
    try:
        json.loads(f"{TOKEN} and a prompt")
    except ValueError as error:
        event(LOG, logging.ERROR, "odd", error)
    (line,) = told(stream)
    assert line["error"] == "JSONDecodeError"
    assert "message" not in line
    assert TOKEN not in stream.getvalue()


def test_of_a_foreign_record_only_the_template_is_written(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").error("Error handling request from %s with %s", "192.0.2.1", TOKEN)
    (line,) = told(stream)
    assert line["event"] == "Error handling request from %s with %s"
    assert TOKEN not in stream.getvalue()


async def test_a_task_that_failed_unseen_tells_no_secrets(stream: io.StringIO) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError(f"the prompt and {TOKEN}"))
    del future
    (line,) = told(stream)
    assert line["event"] == "Future exception was never retrieved"
    assert "prompt" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"got {TOKEN}!", "got [removed]!"),
        ("redis://operator:secret@store:6379/0", "redis://[removed]store:6379/0"),
        ("Authorization: Bearer abc.def", "Authorization: [removed]"),
        ("two\r\nlines\x1b[31m\u2028", "two  lines [31m "),
        ("x" * 10_000, "x" * LONGEST),
    ],
    ids=["token", "password in an address", "header", "control characters", "too long"],
)
def test_the_second_net(text: str, written: str) -> None:
    assert clean(text) == written


@given(st.text(st.characters()))
def test_any_text_is_one_line_of_json(text: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        handler = configure(Log(), "w0", stream)  # type: ignore[assignment]  # the same kind of handler
        event(LOG, logging.ERROR, "odd", problem=text)
    finally:
        root.handlers[:], root.level = before
    assert handler.stream is stream
    assert len(stream.getvalue().splitlines()) == 1
    assert isinstance(json.loads(stream.getvalue())["problem"], str)
