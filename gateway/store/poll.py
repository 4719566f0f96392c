"""One question to several servers at once, and what they answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gateway.errors import StoreUnavailableError
from gateway.store.address import Endpoint

T = TypeVar("T")

GRACE: Final = 0.05
"""Seconds that a late server is waited for when enough have answered: it may know of something later."""


async def poll(
    ask: Callable[[Endpoint], Awaitable[T]], endpoints: tuple[Endpoint, ...], enough: int
) -> tuple[dict[Endpoint, T], list[str]]:
    """Answer what each said, and what kept the others from it. Each question must end by itself."""
    answers: dict[Endpoint, T] = {}
    problems: list[str] = []

    async def one(endpoint: Endpoint) -> None:
        try:
            answers[endpoint] = await ask(endpoint)
        except StoreUnavailableError as error:
            host, port = endpoint
            problems.append(str(error) if f"{host}:{port}" in str(error) else f"{host}:{port}: {error}")

    pending = {asyncio.create_task(one(endpoint)) for endpoint in endpoints}
    patience: float | None = None
    try:
        while pending:
            done, pending = await asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for task in done:
                task.result()
            patience = GRACE if len(answers) >= enough else None
    finally:
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
    return answers, problems
