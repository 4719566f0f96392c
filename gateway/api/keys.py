"""`/.well-known/gateway-jwks.json`: the keys by which upstreams verify the gate's own signature (RFC 7517)."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

PATH = "/.well-known/gateway-jwks.json"


def keys_route(jwks: Callable[[], Mapping[str, Any]]) -> web.RouteDef:
    """Publish what `jwks` gives at the time of asking."""

    async def published(_request: web.Request) -> web.Response:
        return web.json_response(jwks(), content_type="application/jwk-set+json")

    return web.get(PATH, published)
