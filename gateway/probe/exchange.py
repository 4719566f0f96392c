"""The impolite client: writes the bytes of an attempt as they are, and reads whatever comes back to its end."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from gateway.errors import UnreachableError
from gateway.probe.answer import Answer
from gateway.probe.answer_reader import AnswerReader
from gateway.probe.probe import Attempt, Then
from gateway.probe.target import Target

CONNECTING: Final = 5.0

Revoke = Callable[[], Awaitable[None]]


class Manner(Struct, frozen=True):
    """How long to wait, in seconds.

    `patience` for an answer, `grace` for one once it was said that nothing more will be sent, `quiet` for what nobody should send,
    `within` for a cut.
    """

    patience: float = 5.0
    quiet: float = 0.03
    within: float = 5.0
    grace: float = 1.0
    revoke: Revoke | None = None


async def exchange(target: Target, attempt: Attempt, manner: Manner, on_warm: Callable[[], None] = lambda: None) -> Answer:
    """Play one attempt; `on_warm` is called when what warms its connection was answered. Raises UnreachableError where nobody takes it."""
    async with asyncio.timeout(CONNECTING + 4 * manner.patience + 2 * manner.within):
        line = await _connect(target, manner)
        try:
            await line.warm(attempt.warm)
            on_warm()
            return await line.play(attempt)
        finally:
            line.leave()


async def _connect(target: Target, manner: Manner) -> "Line":
    context = ssl.create_default_context() if target.tls else None
    try:
        async with asyncio.timeout(CONNECTING):
            return Line(*await asyncio.open_connection(target.host, target.port, ssl=context), manner)
    except (OSError, TimeoutError) as error:
        raise UnreachableError(f"nobody answers at {target.authority} ({str(error) or type(error).__name__})") from None


class Line:
    """One connection to the gateway under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, manner: Manner) -> None:
        self._reader = reader
        self._writer = writer
        self._manner = manner
        self._heard = AnswerReader()
        self._now = asyncio.get_running_loop().time
        self._last_byte_at = 0.0

    def __repr__(self) -> str:
        return f"<Line {self._heard!r}>"

    async def warm(self, requests: Sequence[bytes]) -> None:
        """Have each answered, and forget the answers."""
        for request in requests:
            self._writer.write(request)
            await self._read(lambda heard: heard.ended, self._manner.patience)
            self._heard = AnswerReader()

    async def play(self, attempt: Attempt) -> Answer:
        """Write, and read in the way that the attempt says."""
        self._writer.write(attempt.sent)
        if attempt.frames:
            await self._read(lambda heard: heard.switched or heard.ended, self._manner.patience)
            if not self._heard.switched:
                return await self._whole()
            self._writer.write(b"".join(attempt.frames))
        match attempt.then:
            case Then.LEAVE:
                await self._read(lambda heard: heard.begun, self._manner.patience)
                return self._heard.answer
            case Then.REVOKE:
                return await self._revoked()
            case Then.READ:
                return await self._whole()

    def leave(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    async def _whole(self) -> Answer:
        """Read to the end; whoever still waits for more of the request then learns that no more will come."""
        if self._heard.switched:
            await self._read(lambda heard: heard.ended, 10 * self._manner.quiet)
            return self._heard.answer
        ended = await self._read(lambda heard: heard.ended, self._manner.patience)
        if not ended and not self._heard.answer.statuses:
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write_eof()
            ended = await self._read(lambda heard: heard.ended, self._manner.grace)
        if self._heard.ended:
            await self._read(lambda _: False, self._manner.quiet)  # a second answer would be one too many
        self._heard.answer.silent = not ended
        return self._heard.answer

    async def _revoked(self) -> Answer:
        """Have the permission taken away while the answer runs, and say how much longer it ran."""
        begun = await self._read(lambda heard: heard.begun, self._manner.patience)
        if not begun or self._manner.revoke is None:
            return self._heard.answer
        await self._manner.revoke()
        revoked_at = self._now()
        if await self._read(lambda _: False, self._manner.within):
            self._heard.answer.cut_after = max(0.0, self._last_byte_at - revoked_at)
        return self._heard.answer

    async def _read(self, enough: Callable[[AnswerReader], bool], within: float) -> bool:
        """Read until there is `enough`, or the connection ends (both true), or time is up (false)."""
        deadline = self._now() + within
        while not enough(self._heard):
            try:
                async with asyncio.timeout(max(0.0, deadline - self._now())):
                    data = await self._reader.read(1 << 16)
            except TimeoutError:
                return False
            except OSError:
                return True
            if not data:
                return True
            self._last_byte_at = self._now()
            self._heard.feed(data)
        return True
