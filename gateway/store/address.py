"""Where the store is: `embedded`, redis://, rediss://, unix://, redis+sentinel://, redis+cluster://; and a plain client for it."""

import ssl
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import redis.asyncio
from msgspec import Struct, structs
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.errors import SettingsError, StoreUnavailableError
from gateway.settings.shape import Store
from gateway.store.socketpath import is_trusted, socket_path

Kind = Literal["embedded", "tcp", "unix", "sentinel", "cluster"]

FORMS: Final = (
    "Write embedded, redis://HOST:6379/0, rediss://USER@HOST:6379/0, unix:///path/to/socket, "
    "redis+sentinel://H1:26379,H2:26379/NAME or redis+cluster://H1:7000,H2:7001"
)
_SCHEMES: Final[Mapping[str, tuple[Kind, int]]] = {
    "redis": ("tcp", 6379),
    "rediss": ("tcp", 6379),
    "unix": ("unix", 0),
    "redis+sentinel": ("sentinel", 26379),
    "redis+cluster": ("cluster", 6379),
}
_TLS_OPTIONS: Final = {"ssl_ca_certs": "ca_file", "ssl_certfile": "certificate", "ssl_keyfile": "key"}


class StoreAddress(Struct, frozen=True, kw_only=True):
    """One parsed address. `path`: the socket of `unix`, the data directory of `embedded`; `service`: the name of a sentinel's master."""

    kind: Kind
    endpoints: tuple[tuple[str, int], ...] = ()
    path: str = ""
    database: int = 0
    service: str = ""
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    certificate: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"StoreAddress({self})"

    def __str__(self) -> str:
        """For logs: never the password."""
        where = self.path or ",".join(f"{host}:{port}" for host, port in self.endpoints)
        return f"{self.kind}{'+tls' if self.tls else ''}:{where}/{self.service or self.database}"


def parse_address(url: str, *, data_dir: str = "data", password: str = "") -> StoreAddress:
    """Read a store address; `password` is used where the URL has none. Raises SettingsError that shows the right forms."""
    if url == "embedded":
        return StoreAddress(kind="embedded", path=data_dir)
    try:
        parts = urlsplit(url)
        kind, port = _SCHEMES[parts.scheme]
        address = _unix(parts) if kind == "unix" else _network(kind, port, parts)
    except KeyError:
        raise SettingsError(f"store address: the scheme is not known. {FORMS}") from None
    except ValueError as error:
        raise SettingsError(f"store address: {error}. {FORMS}") from None
    return structs.replace(address, password=address.password or password)


def read_address(settings: Store, environment: Mapping[str, str]) -> StoreAddress:
    """Read the address in the settings, with the password from the environment. Raises SettingsError if that variable is not set."""
    password = environment.get(settings.password_env, "") if settings.password_env else ""
    if settings.password_env and not password:
        raise SettingsError(f"store.password_env: the environment variable {settings.password_env} is not set or empty")
    return parse_address(settings.url, data_dir=settings.data_dir, password=password)


def resolve(address: StoreAddress) -> StoreAddress:
    """Where to connect now: the socket of a running embedded store, or the address itself. Raises StoreUnavailableError."""
    if address.kind in ("sentinel", "cluster"):
        raise StoreUnavailableError(
            f"redis+{address.kind}:// is not supported yet: give the address of the master as redis:// or rediss://"
        )
    if address.kind != "embedded":
        return address
    path = socket_path(address.path)
    if not is_trusted(path, address.path):
        raise StoreUnavailableError(f"the embedded store in {address.path!r} is not running: start `gateway serve`, or name another store")
    return StoreAddress(kind="unix", path=str(path))


def connect(address: StoreAddress, timeout: float = 2.0) -> "redis.asyncio.Redis":
    """Make a client for commands and reads (not for watching), connected on first use; no retries. Raises StoreUnavailableError."""
    target = resolve(address)
    endpoint = {"unix_socket_path": target.path} if target.kind == "unix" else _endpoint(target)
    return redis.asyncio.Redis(
        **endpoint,
        db=target.database,
        username=target.username or None,
        password=target.password or None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def tls_context(address: StoreAddress) -> ssl.SSLContext | None:
    """Verify the server by the named or the system's authorities; None where the address has no TLS."""
    if not address.tls:
        return None
    context = ssl.create_default_context(cafile=address.ca_file or None)
    if address.certificate:
        context.load_cert_chain(address.certificate, address.key or None)
    return context


def _endpoint(target: StoreAddress) -> dict[str, object]:
    (host, port), *_ = target.endpoints
    tls = {
        "ssl": True,
        "ssl_ca_certs": target.ca_file or None,
        "ssl_certfile": target.certificate or None,
        "ssl_keyfile": target.key or None,
    }
    return {"host": host, "port": port} | (tls if target.tls else {})


def _unix(parts: SplitResult) -> StoreAddress:
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    database = _database(options.pop("db", "0"))
    if not parts.path.startswith("/") or parts.hostname or options:
        raise ValueError("a unix address is an absolute path, such as unix:///run/valkey.sock?db=0")
    username, password = _credentials(parts)
    return StoreAddress(kind="unix", path=unquote(parts.path), database=database, username=username, password=password)


def _network(kind: Kind, port: int, parts: SplitResult) -> StoreAddress:
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    tls = parts.scheme == "rediss"
    if unknown := sorted(set(options) - (set(_TLS_OPTIONS) if tls else set())):
        raise ValueError(f"option {unknown[0]!r} is not known; rediss:// takes {', '.join(_TLS_OPTIONS)}")
    name = unquote(parts.path.strip("/"))
    if kind == "sentinel" and not name:
        raise ValueError("a sentinel address ends with the name of the master")
    username, password = _credentials(parts)
    return StoreAddress(
        kind=kind,
        endpoints=_endpoints(parts.netloc.rpartition("@")[2], port, several=kind in ("sentinel", "cluster")),
        database=0 if kind == "sentinel" else _database(name or "0"),
        service=name if kind == "sentinel" else "",
        username=username,
        password=password,
        tls=tls,
        **{_TLS_OPTIONS[option]: value for option, value in options.items()},
    )


def _credentials(parts: SplitResult) -> tuple[str, str]:
    return unquote(parts.username or ""), unquote(parts.password or "")


def _endpoints(hosts: str, port: int, *, several: bool) -> tuple[tuple[str, int], ...]:
    found = tuple(_host(host, port) for host in hosts.split(","))
    if len(found) > 1 and not several:
        raise ValueError("one host only")
    return found


def _host(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("the host is missing")
    try:
        return parts.hostname, parts.port or port
    except ValueError:
        raise ValueError("the port is not a number between 1 and 65535") from None


def _database(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("the database is a number, such as /0")
    return int(text)
