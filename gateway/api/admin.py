"""The admin listener: one aiohttp application, plain or TLS, shared by the workers of a machine through one port."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import hdrs, web

from gateway.api.health import Health, MetricsText
from gateway.api.readiness import Readiness
from gateway.api.tls import ServerTls
from gateway.errors import SettingsError
from gateway.settings.addresses import HostPort, host_port
from gateway.settings.shape import AdminListener

__all__ = ["AdminServer", "Readiness"]

LOG = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def spoken_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what went wrong as one word of JSON; the place goes to the log, nothing of it to the caller."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {hdrs.ALLOW: refusal.headers[hdrs.ALLOW]} if hdrs.ALLOW in refusal.headers else {}
        return web.json_response({"error": refusal.reason.lower().replace(" ", "_")}, status=refusal.status, headers=headers)
    except Exception:
        LOG.exception("admin_request_failed")
        return web.json_response({"error": "internal_error"}, status=500)


async def settle_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Set what every answer carries."""
    response.headers[hdrs.SERVER] = "gateway"
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    response.headers[hdrs.X_CONTENT_TYPE_OPTIONS] = "nosniff"


class AdminServer:
    """Serves health, metrics and whatever `routes` add, until stopped."""

    def __init__(
        self,
        settings: AdminListener,
        readiness: Callable[[], Readiness],
        metrics: MetricsText,
        routes: Iterable[web.AbstractRouteDef] = (),
        *,
        reuse_port: bool = False,
    ) -> None:
        """Prepare; `reuse_port` lets several workers listen on one port. Raise `SettingsError` for a bad address or certificate."""
        self._address = _listening(settings.address)
        self.tls = ServerTls(settings.tls, "listen.admin.tls") if settings.tls is not None else None
        self._reuse_port = reuse_port
        app = web.Application(middlewares=[spoken_errors], client_max_size=1024 * 1024)
        app.add_routes([*Health(readiness, metrics).routes(), *routes])
        app.on_response_prepare.append(settle_headers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0, keepalive_timeout=75.0)

    def __repr__(self) -> str:
        return f"<AdminServer {self._address.host}:{self.port}{' TLS' if self.tls else ''}>"

    @property
    def port(self) -> int:
        """The port that is listened on, the one asked for before the start."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._address.port

    async def start(self) -> None:
        """Listen; raise OSError if the address is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(
                self._runner,
                self._address.host,
                self._address.port,
                ssl_context=self.tls.context if self.tls is not None else None,
                reuse_port=self._reuse_port,
            ).start()
        except OSError:
            await self._runner.cleanup()
            raise

    async def stop(self) -> None:
        """Close the listener and what is under way, within two seconds."""
        await self._runner.cleanup()


def _listening(address: str) -> HostPort:
    try:
        return host_port(address)
    except ValueError as error:
        raise SettingsError(f'listen.admin.address: "{address}": {error}') from error
