"""Wait until every live worker has applied a change, or for as long as the operator will."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from gateway.admin.acknowledgement import Acknowledgement, Awaited, State, acknowledge

FIRST_PAUSE: Final = 0.004
LONGEST_PAUSE: Final = 0.1
GROWTH: Final = 1.3


class Reports(Protocol):
    """What is needed of `store.reader.PolicyReader`."""

    async def replicas(self) -> Mapping[str, str]:
        """Worker -> the JSON that it reported last."""

    async def now(self) -> float:
        """Read the store's own clock, epoch seconds."""


async def wait_for(reports: Reports, awaited: Awaited, seconds: float) -> Acknowledgement:
    """Look again and again, at most `seconds` long; the answers as they were at last. Raises StoreUnavailableError.

    Who reports for the first time meanwhile has to answer too; who leaves need not.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, FIRST_PAUSE
    seen: set[str] = set()
    while True:
        found = acknowledge(awaited, await reports.replicas(), await reports.now(), seen)
        if found.complete or loop.time() >= deadline:
            return found
        seen |= {answer.worker for answer in found.answers if answer.state is not State.GONE}
        await asyncio.sleep(min(pause, max(0.0, deadline - loop.time())))
        pause = min(GROWTH * pause, LONGEST_PAUSE)
