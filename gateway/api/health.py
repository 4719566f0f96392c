"""`/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec
from aiohttp import hdrs, web

from gateway.api.readiness import Readiness
from gateway.errors import GatewayError


class MetricsText(Protocol):
    """The metrics as text."""

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Give text and content type; raise `GatewayError` or OSError where they cannot be read now."""


class Health:
    """The three routes that machines poll. None of them decides on anything or changes anything."""

    def __init__(self, readiness: Callable[[], Readiness], metrics: MetricsText) -> None:
        """Ask `readiness` at each call."""
        self._readiness = readiness
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """Give the table."""
        return [web.get("/healthz", self.alive), web.get("/readyz", self.ready), web.get("/metrics", self.metrics)]

    async def alive(self, _request: web.Request) -> web.Response:
        """200 while the event loop turns."""
        return web.json_response({"status": "alive"})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 with the revision, or 503 with every reason."""
        found = self._readiness()
        body = {
            "status": "ready" if found.ready else "not_ready",
            "reasons": found.problems,
            "revision": found.revision,
            "policy_age_seconds": None if found.age is None else round(found.age, 3),
        }
        return web.json_response(body=msgspec.json.encode(body), status=200 if found.ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer for all workers of this machine; 503 while their numbers cannot be read exactly."""
        accept = ",".join(request.headers.getall(hdrs.ACCEPT, ()))
        try:
            text, content_type = await asyncio.to_thread(self._metrics.render, accept)
        except (GatewayError, OSError):
            return web.json_response({"error": "metrics_unavailable"}, status=503, headers={hdrs.RETRY_AFTER: "1"})
        return web.Response(body=text, headers={hdrs.CONTENT_TYPE: content_type})
