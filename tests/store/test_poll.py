import asyncio

import pytest

from gateway.errors import StoreUnavailableError
from gateway.store.address import Endpoint
from gateway.store.poll import poll

A, B, C = ("a", 1), ("b", 2), ("c", 3)


async def test_all_that_answer_soon_are_heard() -> None:
    async def ask(endpoint: Endpoint) -> str:
        await asyncio.sleep(0)
        return endpoint[0]

    assert await poll(ask, (A, B, C), enough=1) == ({A: "a", B: "b", C: "c"}, [])


async def test_nobody_is_waited_for_when_enough_have_answered() -> None:
    cancelled = asyncio.Event()

    async def ask(endpoint: Endpoint) -> str:
        if endpoint == C:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
        return endpoint[0]

    assert await poll(ask, (A, B, C), enough=2) == ({A: "a", B: "b"}, [])
    assert cancelled.is_set()


async def test_failures_do_not_count_as_answers_and_are_told() -> None:
    late = asyncio.Event()

    async def ask(endpoint: Endpoint) -> str:
        if endpoint == A:
            late.set()
            raise StoreUnavailableError("no")
        if endpoint == B:
            raise StoreUnavailableError("tcp:b:2/0: refused")
        await late.wait()
        return "c"

    assert await poll(ask, (A, B, C), enough=1) == ({C: "c"}, ["a:1: no", "tcp:b:2/0: refused"])


async def test_anything_else_is_not_swallowed() -> None:
    async def ask(endpoint: Endpoint) -> str:
        raise RuntimeError(endpoint)

    with pytest.raises(RuntimeError):
        await poll(ask, (A,), enough=1)
