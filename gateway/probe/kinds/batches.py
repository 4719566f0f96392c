"""Work that is handed in now and done later: its models are named line by line, and it outlives the permission."""

import json
from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.forms import form, part
from gateway.probe.message import HELLO, ask, post, usual
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "lines of a batch are not looked into"
LATER: Final = "a job outlives the permission under which it was given"
SEEN: Final = "LiteLLM #27015, #29114"


def lines(*models: str) -> bytes:
    """Write the file of a batch, a line a model."""
    body = {"messages": HELLO}
    return b"\n".join(
        json.dumps({"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": {"model": model} | body}).encode()
        for number, model in enumerate(models)
    )


def _file(*models: str) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        named = [target.forbidden if model == "$" else target.allowed for model in models]
        content = part("file", lines(*named), '; filename="batch.jsonl"')
        return Attempt(form(target, part("purpose", b"batch"), content, path="/v1/files"))

    return make


def _created(target: Target) -> Attempt:
    job = {"input_file_id": "file-of-another", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    return Attempt(post(target, json.dumps(job).encode(), "/v1/batches"))


def _messages(target: Target) -> Attempt:
    requests = [
        {"custom_id": str(number), "params": json.loads(ask(model))} for number, model in enumerate((target.allowed, target.forbidden))
    ]
    return Attempt(post(target, json.dumps({"requests": requests}).encode(), "/v1/messages/batches"))


def _background(target: Target) -> Attempt:
    return Attempt(post(target, usual("/v1/responses", target.forbidden, background=True), "/v1/responses"))


PROBES: Final = (
    Probe("batches", "a file with a forbidden line", HOLE, SEEN, _file("@", "$")),
    Probe("batches", "a file whose first line is forbidden", HOLE, SEEN, _file("$", "@")),
    Probe("batches", "a batch of somebody's file", LATER, SEEN, _created, Must.KEEP_ALL),
    Probe("batches", "a batch of messages with a forbidden one", HOLE, SEEN, _messages),
    Probe("batches", "a response in the background", LATER, SEEN, _background),
)
