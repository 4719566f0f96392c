"""An inference API that serves nobody but the gate: it verifies the gate's signature with the published keys, and refuses a second use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import ClientSession, web

NAME = "lab"
LEEWAY = 5


class VerifyingUpstream:
    """`served` are the claims of the requests that it answered, `refused` why it did not."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"keys": []}
        self.served: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.refused: list[str] = []
        self.url = ""
        self._seen: set[str] = set()

    async def fetch_keys(self, admin_url: str) -> None:
        """Read the keys that the gate publishes."""
        async with ClientSession() as session, session.get(f"{admin_url}/.well-known/gateway-jwks.json") as response:
            assert response.content_type == "application/jwk-set+json"
            self.keys = await response.json(content_type=None)

    def verify(self, assertion: str) -> dict[str, Any]:
        """Give the claims; raises PyJWTError or KeyError for whatever did not come from the gate, to this upstream, just now, once."""
        key = jwt.PyJWKSet.from_dict(self.keys)[jwt.get_unverified_header(assertion)["kid"]]
        claims: dict[str, Any] = jwt.decode(assertion, key, algorithms=["ES256"], audience=NAME, issuer="gateway", leeway=LEEWAY)
        if claims["jti"] in self._seen:
            raise jwt.InvalidTokenError("used before")
        self._seen.add(claims["jti"])
        return claims

    async def answer(self, request: web.Request) -> web.Response:
        """Answer what came through the gate."""
        try:
            claims = self.verify(request.headers.get("x-gateway-assertion", ""))
        except (jwt.PyJWTError, KeyError) as error:
            self.refused.append(str(error))
            return web.json_response({"error": "not through the gate"}, status=401)
        self.served.append(claims)
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response({"choices": []})


@asynccontextmanager
async def verifying_upstream() -> AsyncIterator[VerifyingUpstream]:
    """Start one on loopback."""
    upstream = VerifyingUpstream()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", upstream.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield upstream
    finally:
        await runner.cleanup()
