"""Whatever two organisations ask, in whatever order and at once: nothing reaches the upstream with an id that is not its asker's."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from stateful.conftest import ACME, BETA, Library, open_library
from support.archive import ID
from support.running import GATED, OPEN
from support.servers import RedisServer

from gateway.wire.uses import LINES

UNKNOWN: Final = "file-99999"
SLOT: Final = re.compile(r"\{\w+\}")
SHAPES: Final = tuple(tuple(line.split()[:2]) for line in LINES.splitlines() if line)
MADE: Final = ("/v1/files", "/v1/responses", "/v1/conversations", "/v1/vector_stores", "/v1/threads", "/v1/assistants", "/v1/containers")


class Step(Struct, frozen=True):
    """One request: by whom, how, and which of the objects known so far stand in its path and its body."""

    asker: str
    method: str
    shape: str
    picks: tuple[int, ...]
    body: int

    async def take(self, library: Library, known: list[str]) -> None:
        picks = iter(self.picks)
        path = SLOT.sub(lambda _: known[next(picks) % len(known)], self.shape)
        sent: dict[str, Any] = {}
        if self.method == "POST":
            sent = {"json": BODIES[self.body % len(BODIES)](known[self.picks[-1] % len(known)], self.shape)}
        if self.method == "POST" and self.shape == "/v1/files":
            sent = {"data": b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--x--\r\n'}
            sent["headers"] = {"content-type": "multipart/form-data; boundary=x"}
        headers = {"authorization": f"Bearer {library.mint(self.asker)}", "x-asker": self.asker, **sent.pop("headers", {})}
        async with library.session.request(self.method, f"{library.url}{path}", headers=headers, **sent) as response:
            answer = await response.text()
            assert response.status in {200, 400, 403, 404, 503}, (self, response.status, answer)  # 503: an answer that gave nothing
        if response.status == 200:
            known += [name for name in dict.fromkeys(ID.findall(answer)) if name not in known]


def _named(shape: str) -> dict[str, Any]:
    return {"model": OPEN} if shape in {"/v1/responses", "/v1/assistants", "/v1/chat/completions", "/v1/fine_tuning/jobs"} else {}


BODIES: Final = (
    lambda _name, shape: {**_named(shape), "input": "?"} if shape == "/v1/responses" else _named(shape),
    lambda name, shape: {**_named(shape), "previous_response_id": name, "input": "?"},
    lambda name, shape: {**_named(shape), "conversation": {"id": name}, "input": "?", "stream": True},
    lambda name, shape: {**_named(shape), "file_ids": [name]},
    lambda name, shape: {**_named(shape), "file_id": name, "assistant_id": name},
    lambda name, shape: {**_named(shape), "input": [{"role": "user", "content": [{"type": "input_file", "file_id": name}]}]},
    lambda name, shape: {**_named(shape), "tools": [{"type": "file_search", "vector_store_ids": [name]}], "input": "?"},
    lambda name, shape: {**_named(shape), "tool_resources": {"code_interpreter": {"file_ids": [name]}}},
    lambda name, shape: {**_named(shape), "input_file_id": name, "training_file": name, "endpoint": "/v1/responses"},
    lambda name, shape: {**_named(shape), "items": [{"id": name}]},
    lambda name, shape: {**_named(shape), "items": [{"type": "item_reference", "id": name}], "model": GATED},
    lambda name, shape: {**_named(shape), "FILE_ID": name},
)

STEPS = st.builds(
    lambda asker, line, picks, body: Step(asker, line[0], line[1], picks, body),
    st.sampled_from((ACME, BETA)),
    st.sampled_from(SHAPES + tuple(("POST", path) for path in MADE * 4)),
    st.tuples(*[st.integers(0, 40)] * 3),
    st.integers(0, len(BODIES) - 1),
)
ROUNDS = st.lists(st.lists(STEPS, min_size=1, max_size=6), min_size=2, max_size=8)


def test_no_request_carries_anothers_id(tmp_path: Path, redis_server: RedisServer) -> None:
    with asyncio.Runner() as runner:
        opened = open_library(tmp_path, redis_server)
        library = runner.run(opened.__aenter__())
        passed = 0

        @settings(max_examples=60, phases=(Phase.explicit, Phase.generate))  # a play with a gate in it is not made shorter
        @given(rounds=ROUNDS)
        def play(rounds: list[list[Step]]) -> None:
            nonlocal passed
            runner.run(_play(library, rounds))
            passed += sum(bool(one.ids) for one in library.archive.reached)
            assert library.archive.trespasses() == []
            library.archive.reached.clear()

        try:
            play()
            assert passed > 50, "hardly anything came through: the play shows nothing"
        finally:
            runner.run(opened.__aexit__(None, None, None))


async def _play(library: Library, rounds: list[list[Step]]) -> None:
    known = [UNKNOWN]
    for asker in (ACME, BETA):
        for path in MADE:
            await Step(asker, "POST", path, (0, 0, 0), 0).take(library, known)
    for steps in rounds:
        await asyncio.gather(*(step.take(library, known) for step in steps))
