"""A plain relay on aiohttp with the same checks and duties, as a person would write it: `python -m bench.peers.plain_relay FILE` (`Rules`).

Checks: token (PyJWT, remembered until it expires), allowlist, nationality, country of the client, model from the JSON body. Duties:
counters and histograms (prometheus_client), a buffered JSON line per request. Not: leases, limits, deadlines, policy that changes.
"""

import asyncio
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import jwt
import msgspec
import uvloop
from aiohttp import web
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

NOT_FORWARDED: Final = frozenset(
    {"authorization", "x-api-key", "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"}
)
NOT_RETURNED: Final = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "trailer"})
LARGEST_BODY: Final = 32 * 1024 * 1024


class Rules(Struct, frozen=True):
    """What is checked, and where each model is: `models` and `allowlists` by model, restricted countries for all."""

    port: int
    key_file: str
    issuer: str
    audience: str
    models: dict[str, str]
    allowlists: dict[str, list[str]]
    restricted: list[str]
    country_header: str
    record_file: str


class Refused(Exception):  # noqa: N818 - a refusal is no error
    """A request that is not relayed: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Evidence:
    """A record of each request, and what Prometheus scrapes."""

    def __init__(self, file: Path) -> None:
        self._records = file.open("ab", buffering=65536)
        self._encode = msgspec.json.Encoder().encode
        self._requests = Counter("gateway_requests", "Requests.", ["model", "decision"])
        self._denied = Counter("gateway_denied_requests", "Refusals.", ["model", "reason", "org"])
        self._seconds = Histogram("gateway_request_seconds", "Requests.", ["model"])

    def note(self, organisation: str, model: str, reason: str, status: int, seconds: float) -> None:
        """Count and record one."""
        decision = "deny" if reason else "permit"
        self._requests.labels(model, decision).inc()
        self._seconds.labels(model).observe(seconds)
        if reason:
            self._denied.labels(model, reason, organisation).inc()
        record = {
            "time": time.time(),
            "decision_id": secrets.token_hex(8),
            "decision": decision,
            "reasons": [reason],
            "model": model,
            "organisation": organisation,
            "status": status,
            "seconds": seconds,
        }
        self._records.write(self._encode(record) + b"\n")

    @staticmethod
    async def expose(_: web.Request) -> web.Response:
        """Answer a scrape."""
        return web.Response(body=generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


class Relay:
    """One handler for every path."""

    def __init__(self, rules: Rules, session: aiohttp.ClientSession) -> None:
        self._rules = rules
        self._session = session
        self._allowlists = {model: frozenset(organisations) for model, organisations in rules.allowlists.items()}
        self._restricted = frozenset(rules.restricted)
        keys = json.loads(Path(rules.key_file).read_text())["keys"]
        self._keys = {key["kid"]: jwt.PyJWK(key) for key in keys}
        self._known: dict[str, dict[str, Any]] = {}
        self._evidence = Evidence(Path(rules.record_file))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Check, then relay."""
        began, claims, model, reason = time.perf_counter(), {}, "", ""
        try:
            claims = self._identify(request.headers.get("Authorization", ""))
            body = await request.read()
            model = self._model_of(body)
            self._decide(claims, model, request.headers.get(self._rules.country_header, ""))
            response = await self._relay(request, self._rules.models[model], body)
        except Refused as refused:
            reason = str(refused)
            response = web.json_response({"error": {"code": reason}}, status=refused.status)
        self._evidence.note(str(claims.get("org_id", "")), model, reason, response.status, time.perf_counter() - began)
        return response

    def _identify(self, authorization: str) -> dict[str, Any]:
        token = authorization.removeprefix("Bearer ")
        claims = self._known.get(token)
        if claims is None:
            claims = self._known[token] = self._verify(token)
        if claims["exp"] <= time.time():
            del self._known[token]
            raise Refused(401, "token_expired")
        return claims

    def _verify(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                options={"require": ["exp"]},
            )
        except (jwt.PyJWTError, KeyError):
            raise Refused(401, "token_invalid") from None
        return claims

    def _model_of(self, body: bytes) -> str:
        try:
            model = json.loads(body)["model"]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "model_unresolved") from None
        if not isinstance(model, str) or model not in self._rules.models:
            raise Refused(404, "model_unknown")
        return model

    def _decide(self, claims: dict[str, Any], model: str, country: str) -> None:
        if claims.get("org_id") not in self._allowlists[model]:
            raise Refused(403, "org_not_approved")
        nationalities = claims.get("nationalities")
        if not nationalities or not self._restricted.isdisjoint(nationalities):
            raise Refused(403, "nationality_restricted")
        if not country or country in self._restricted:
            raise Refused(403, "region_restricted")

    async def _relay(self, request: web.Request, target: str, body: bytes) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_FORWARDED}
        async with self._session.request(request.method, target + request.path_qs, data=body, headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_RETURNED}
            if answer.content_length is not None:
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


async def serve(rules: Rules) -> None:
    """Serve until the process is ended."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=75)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=300)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/metrics", Evidence.expose)
        app.router.add_route("*", "/{path:.*}", Relay(rules, session).handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, keepalive_timeout=300)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", rules.port, backlog=4096).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Rules)))
