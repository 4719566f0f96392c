"""Structured logs on standard error: an event's name and fields from a closed set.

Redaction is by construction: there is no field that could hold a token, a claim or a body, and of foreign libraries' records
only the template is written, never its arguments; of foreign exceptions the type and the place, never the text.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, TextIO

import msgspec

from gateway.errors import GatewayError
from gateway.settings.shape import Log

Value = str | int | float | bool | None

FIELDS: Final = frozenset(
    {
        *("address", "attempt", "count", "decision_id", "directive", "file", "grants", "invalid", "issuer", "key", "limit", "line"),
        *("model", "models", "outcome", "problem", "reason", "request_id", "revision", "role", "seconds", "signal", "state", "status"),
        *("store", "streams", "upstream", "url", "version", "workers"),
    }
)
"""Every field that an event may have. A field for what a caller sent is not among them, on purpose."""

LONGEST: Final = 500
_SECRETS: Final = re.compile(r"eyJ[\w-]+\.[\w.-]*|(?<=://)[^/@\s]*@|(?i:bearer)\s+\S+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def event(logger: logging.Logger, level: int, name: str, error: BaseException | None = None, **fields: Value) -> None:
    """Log that `name` happened; raise ValueError for a field that is not in `FIELDS`, so that a test finds it."""
    odd = fields.keys() - FIELDS
    if odd:
        raise ValueError(f"log fields are {sorted(FIELDS)}, got {sorted(odd)}")
    logger.log(level, name, exc_info=error, extra={"gateway_fields": fields})


def clean(text: str) -> str:
    """Write text on one line, shortened, with what looks like a credential taken out: the second net, not the first."""
    return _CONTROL.sub(" ", _SECRETS.sub("[removed]", text[: 2 * LONGEST]))[:LONGEST]


def describe(error: BaseException) -> dict[str, Value]:
    """Say what an exception was and where, with its text only if the text is ours."""
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in _frames(error.__traceback__))
    text = {"message": clean(str(error))} if isinstance(error, GatewayError) else {}
    return {"error": type(error).__name__, **text, "where": where}


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(trace)[-1:-6:-1]


def facts(record: logging.LogRecord, worker: str) -> dict[str, Value]:
    """Give the whole of what is written about a record, in order."""
    fields: Mapping[str, Value] = getattr(record, "gateway_fields", {})
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "event": _name(record),
        "logger": record.name,
        "worker": worker,
        **{name: clean(value) if isinstance(value, str) else value for name, value in fields.items() if name in FIELDS},
        **(describe(record.exc_info[1]) if record.exc_info and record.exc_info[1] is not None else {}),
    }


def _name(record: logging.LogRecord) -> str:
    """Give the template's first line: asyncio writes whole representations of tasks and their errors into the lines below it."""
    return clean(record.msg.partition("\n")[0]) if isinstance(record.msg, str) else type(record.msg).__name__


def as_json(fields: Mapping[str, Value]) -> str:
    """One line of JSON."""
    return msgspec.json.encode({name: _writable(value) for name, value in fields.items()}).decode()


def _writable(value: Value) -> Value:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def as_text(fields: Mapping[str, Value]) -> str:
    """One line for people."""
    rest = " ".join(f"{name}={value}" for name, value in fields.items() if name not in {"time", "level", "event", "logger", "worker"})
    return f"{fields['time']} {fields['level']:7} {fields['worker']} {fields['event']} {rest}".rstrip()


class Formatter(logging.Formatter):
    """Writes `facts`, one line each; never the traceback's text."""

    def __init__(self, worker: str, write: Callable[[Mapping[str, Value]], str]) -> None:
        super().__init__()
        self._worker = worker
        self._write = write

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        return self._write(facts(record, self._worker))


def configure(settings: Log, worker: str, stream: TextIO | None = None) -> logging.Handler:
    """Send all logs of this process to `stream` (standard error), and give the handler, so that it can be taken off again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Formatter(worker, as_json if settings.format == "json" else as_text))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gateway").setLevel(settings.level.upper())
    logging.getLogger("aiohttp.access").disabled = True
    return handler
