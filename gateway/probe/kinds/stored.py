"""Objects of others by their ids: one upstream key serves everybody, so the upstream cannot tell whose they are."""

import json
from collections.abc import Callable
from typing import Any, Final

from gateway.probe.message import get, post, usual
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "another organisation's object is reached by its id"
SEEN: Final = "LiteLLM #33536"

REQUESTS: Final = (
    ("GET", "/v1/files"),
    ("GET", "/v1/files/file-of-another"),
    ("GET", "/v1/files/file-of-another/content"),
    ("DELETE", "/v1/files/file-of-another"),
    ("GET", "/v1/responses/resp_of_another"),
    ("GET", "/v1/responses/resp_of_another/input_items"),
    ("DELETE", "/v1/responses/resp_of_another"),
    ("GET", "/v1/batches/batch_of_another"),
    ("GET", "/v1/messages/batches/msgbatch_of_another/results"),
    ("GET", "/v1/threads/thread_of_another/messages"),
    ("GET", "/v1/assistants/asst_of_another"),
    ("GET", "/v1/vector_stores/vs_of_another/files"),
    ("GET", "/v1/chat/completions/chatcmpl-of-another"),
    ("GET", "/v1/fine_tuning/jobs/ftjob-of-another"),
    ("GET", "/v1/conversations/conv_of_another/items"),
    ("GET", "/v1/containers/cntr_of_another/files"),
    ("GET", "/v1/videos/video_of_another"),
    ("GET", "/v1beta/files/of-another"),
    ("GET", "/openai/files/file-of-another"),
)
REFERENCES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("previous_response_id", {"input": "go on", "previous_response_id": "resp_of_another"}),
    ("conversation", {"input": "go on", "conversation": "conv_of_another"}),
    ("input_file", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-of-another"}]}]}),
    ("item_reference", {"input": [{"type": "item_reference", "id": "msg_of_another"}]}),
    ("item_reference in another case", {"input": [{"role": "user", "content": [{"Type": "item_reference", "ID": "msg_of_another"}]}]}),
    ("agent", {"input": "probe", "agent": {"type": "agent_reference", "name": "of-another"}}),
    ("agent_reference", {"input": "probe", "agent_reference": {"type": "agent_reference", "name": "of-another"}}),
    ("file_search", {"input": "probe", "tools": [{"type": "file_search", "vector_store_ids": ["vs_of_another"]}]}),
    ("prompt", {"input": "probe", "prompt": {"id": "pmpt_of_another"}}),
)


def _asked(method: str, path: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(get(target, path, method=method.encode()))


def _referred(more: dict[str, Any]) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, usual("/v1/responses", target.allowed, **more), "/v1/responses"))


def _run(target: Target) -> Attempt:
    return Attempt(post(target, json.dumps({"assistant_id": "asst_of_another"}).encode(), "/v1/threads/thread_of_another/runs"))


PROBES: Final = (
    *(Probe("stored", f"{method} {path}", HOLE, SEEN, _asked(method, path), Must.KEEP_ALL) for method, path in REQUESTS),
    *(Probe("stored", name, HOLE, SEEN, _referred(more), Must.KEEP_ALL, "responses") for name, more in REFERENCES),
    Probe("stored", "a run of somebody's assistant", HOLE, SEEN, _run, Must.KEEP_ALL),
)
