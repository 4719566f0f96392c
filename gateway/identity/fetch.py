"""Fetching key documents: bounded in size and time, no redirects, https unless on loopback, nothing of ours sent along."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from gateway.errors import GatewayError

MAX_DOCUMENT: Final = 512 * 1024
"""Largest key set or discovery document, bytes."""

_OK: Final = 200

Fetch = Callable[[str, float], Awaitable[bytes]]
"""Takes a URL and a time limit in seconds, gives the document; raises `FetchError`."""


class FetchError(GatewayError):
    """A document could not be had; the text says why. `outcome` is the metric's word for it."""

    def __init__(self, problem: str, outcome: str = "unreachable") -> None:
        super().__init__(problem)
        self.outcome = outcome


class HttpFetch:
    """A `Fetch` over one aiohttp session, opened at the first use; `close` it at the end. Proxy variables are not obeyed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the limit is part of what a fetch is
        """Get `url` within `timeout` seconds."""
        require_safe(url)
        if self._session is None:
            # Compressed answers are not asked for and not decoded: MAX_DOCUMENT bounds what is held.
            headers = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
            self._session = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)
        try:
            async with asyncio.timeout(timeout), self._session.get(url, allow_redirects=False) as answer:
                return await _read(answer)
        except TimeoutError:
            raise FetchError(f"no whole answer within {timeout:g} s", "timeout") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f"could not be fetched ({type(error).__name__})") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status != _OK:
        raise FetchError(f"answered {answer.status}; 200 is needed, and redirects are not followed: name the final URL", "refused")
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_DOCUMENT:
            raise FetchError(_too_large(), "refused")
    return b"".join(parts)


async def read_document(path: str) -> bytes:
    """Read a file off the loop, at most `MAX_DOCUMENT` bytes; raises `FetchError`."""
    try:
        return await asyncio.to_thread(_read_file, path)
    except (OSError, ValueError) as error:
        raise FetchError(f"the file cannot be read ({type(error).__name__}). keys.file must name a readable JWK Set file") from None


def _read_file(path: str) -> bytes:
    with Path(path).open("rb") as file:
        content = file.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise FetchError(_too_large(), "refused")
    return content


def _too_large() -> str:
    return f"the document is larger than {MAX_DOCUMENT} bytes"


def require_safe(url: str) -> None:
    """Demand https, or http on loopback, and no credentials in `url`; raises `FetchError` saying so."""
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.user or parsed.password or not parsed.host or not (parsed.scheme == "https" or is_loopback(url)):
        raise FetchError("the URL must be https:// (http:// only on loopback), without credentials in it", "refused")


def is_loopback(url: str) -> bool:
    """Say whether `url` is http(s) to this machine itself."""
    parsed = URL(url)
    if parsed.scheme not in {"http", "https"}:
        return False
    if parsed.host == "localhost":
        return True
    try:
        return ip_address(parsed.host or "").is_loopback
    except ValueError:
        return False
