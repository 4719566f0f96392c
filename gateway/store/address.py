"""Where the store is: `embedded`, redis://, unix://, redis+sentinel://, redis+cluster://, and with TLS rediss://, rediss+…://."""

import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct, structs

from gateway.errors import SettingsError, StoreUnavailableError
from gateway.settings.addresses import DEFAULT_PREFIX, cluster_prefix
from gateway.settings.shape import Store
from gateway.store.socketpath import is_trusted, socket_path

Kind = Literal["embedded", "tcp", "unix", "sentinel", "cluster"]

Endpoint = tuple[str, int]
"""Host and port."""

FORMS: Final = (
    "Write embedded, redis://HOST:6379/0, rediss://USER@HOST:6379/0, unix:///path/to/socket, "
    "redis+sentinel://H1:26379,H2:26379/NAME or redis+cluster://H1:7000,H2:7001"
)
_SCHEMES: Final[Mapping[str, tuple[Kind, int]]] = {
    "redis": ("tcp", 6379),
    "rediss": ("tcp", 6379),
    "unix": ("unix", 0),
    "redis+sentinel": ("sentinel", 26379),
    "rediss+sentinel": ("sentinel", 26379),
    "redis+cluster": ("cluster", 6379),
    "rediss+cluster": ("cluster", 6379),
}
_TLS_OPTIONS: Final = {"ssl_ca_certs": "ca_file", "ssl_certfile": "certificate", "ssl_keyfile": "key"}
_SENTINEL_OPTIONS: Final = ("db", "sentinel_username", "sentinel_password", "sentinel_password_env")


class StoreAddress(Struct, frozen=True, kw_only=True):
    """One parsed address. `path`: the socket of `unix`, the data directory of `embedded`; `service`: the name of the sentinels' master.

    `endpoints`: the server; of `sentinel` the sentinels, of `cluster` some nodes. `prefix`: what the keys begin with there.
    """

    kind: Kind
    endpoints: tuple[Endpoint, ...] = ()
    path: str = ""
    database: int = 0
    service: str = ""
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    sentinel_username: str = ""
    sentinel_password: str = ""
    prefix: str = DEFAULT_PREFIX

    def __repr__(self) -> str:
        return f"StoreAddress({self})"

    def __str__(self) -> str:
        """For logs: never the password."""
        where = self.path or ",".join(f"{host}:{port}" for host, port in self.endpoints)
        return f"{self.kind}{'+tls' if self.tls else ''}:{where}/{self.service or self.database}"

    def at(self, endpoint: Endpoint) -> "StoreAddress":
        """One server of those that this address stands for."""
        return structs.replace(self, kind="tcp", endpoints=(endpoint,), service="")

    def sentinel(self, endpoint: Endpoint) -> "StoreAddress":
        """One sentinel of this address."""
        return structs.replace(self.at(endpoint), database=0, username=self.sentinel_username, password=self.sentinel_password)


def parse_address(
    url: str,
    *,
    data_dir: str = "data",
    password: str = "",
    prefix: str = DEFAULT_PREFIX,
    environment: Mapping[str, str] | None = None,
) -> StoreAddress:
    """Read a store address; `password` is used where the URL has none. Raises SettingsError that shows the right forms."""
    if url == "embedded":
        return StoreAddress(kind="embedded", path=data_dir, prefix=prefix)
    try:
        parts = urlsplit(url)
        kind, port = _SCHEMES[parts.scheme]
        address = _unix(parts) if kind == "unix" else _network(kind, port, parts, environment or {})
    except KeyError:
        raise SettingsError(f"store address: the scheme is not known. {FORMS}") from None
    except ValueError as error:
        raise SettingsError(f"store address: {error}. {FORMS}") from None
    return structs.replace(address, password=address.password or password, prefix=_prefix(kind, prefix))


def read_address(settings: Store, environment: Mapping[str, str]) -> StoreAddress:
    """Read the address in the settings, with passwords from the environment. Raises SettingsError if such a variable is not set."""
    password = environment.get(settings.password_env, "") if settings.password_env else ""
    if settings.password_env and not password:
        raise SettingsError(f"store.password_env: the environment variable {settings.password_env} is not set or empty")
    return parse_address(settings.url, data_dir=settings.data_dir, password=password, prefix=settings.prefix, environment=environment)


def resolve(address: StoreAddress) -> StoreAddress:
    """Give the socket of a running embedded store; any other address as it is. Raises StoreUnavailableError."""
    if address.kind != "embedded":
        return address
    path = socket_path(address.path)
    if not is_trusted(path, address.path):
        raise StoreUnavailableError(f"the embedded store in {address.path!r} is not running: start `gateway serve`, or name another store")
    return structs.replace(address, kind="unix", path=str(path))


def tls_context(address: StoreAddress) -> ssl.SSLContext | None:
    """Verify the server by the named or the system's authorities; None where the address has no TLS. Raises StoreUnavailableError.

    Files that have been replaced are read again.
    """
    if not address.tls:
        return None
    files = {"ssl_ca_certs": address.ca_file, "ssl_certfile": address.certificate, "ssl_keyfile": address.key}
    try:
        stamps = tuple(Path(file).stat().st_mtime_ns for file in files.values() if file)
        return _read_tls(address.ca_file, address.certificate, address.key, stamps)
    except OSError as error:
        named = ", ".join(f"{option}={file}" for option, file in files.items() if file)
        raise StoreUnavailableError(f"{address}: the files for TLS cannot be used: {error} ({named})") from None


@lru_cache(4)
def _read_tls(ca_file: str, certificate: str, key: str, stamps: tuple[int, ...]) -> ssl.SSLContext:
    del stamps
    context = ssl.create_default_context(cafile=ca_file or None)
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context


def _unix(parts: SplitResult) -> StoreAddress:
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    database = _database(options.pop("db", "0"))
    if not parts.path.startswith("/") or parts.hostname or options:
        raise ValueError("a unix address is an absolute path, such as unix:///run/valkey.sock?db=0")
    username, password = _credentials(parts)
    return StoreAddress(kind="unix", path=unquote(parts.path), database=database, username=username, password=password)


def _network(kind: Kind, port: int, parts: SplitResult, environment: Mapping[str, str]) -> StoreAddress:
    tls = parts.scheme.startswith("rediss")
    options = _options(parts, (*(_TLS_OPTIONS if tls else ()), *(_SENTINEL_OPTIONS if kind == "sentinel" else ())))
    name = unquote(parts.path.strip("/"))
    if kind == "sentinel" and not name:
        raise ValueError("a sentinel address ends with the name of the master")
    database = _database(options.get("db", "0") if kind == "sentinel" else name or "0")
    if kind == "cluster" and database:
        raise ValueError("a cluster has database 0 only")
    username, password = _credentials(parts)
    return StoreAddress(
        kind=kind,
        endpoints=_endpoints(parts.netloc.rpartition("@")[2], port, several=kind in ("sentinel", "cluster")),
        database=database,
        service=name if kind == "sentinel" else "",
        username=username,
        password=password,
        tls=tls,
        sentinel_username=options.get("sentinel_username", ""),
        sentinel_password=_sentinel_password(options, environment),
        **{field: options[option] for option, field in _TLS_OPTIONS.items() if option in options},
    )


def _options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if unknown := sorted(options.keys() - set(known)):
        takes = f"this kind takes {', '.join(known)}" if known else f"rediss:// takes {', '.join(_TLS_OPTIONS)}"
        raise ValueError(f"option {unknown[0]!r} is not known; {takes}")
    return options


def _sentinel_password(options: Mapping[str, str], environment: Mapping[str, str]) -> str:
    variable = options.get("sentinel_password_env")
    if variable is None:
        return options.get("sentinel_password", "")
    if not environment.get(variable):
        raise ValueError(f"sentinel_password_env: the environment variable {variable} is not set or empty")
    return environment[variable]


def _prefix(kind: Kind, prefix: str) -> str:
    try:
        return cluster_prefix(prefix) if kind == "cluster" else prefix
    except ValueError as error:
        raise SettingsError(f"store.prefix: {error}") from None


def _credentials(parts: SplitResult) -> tuple[str, str]:
    return unquote(parts.username or ""), unquote(parts.password or "")


def _endpoints(hosts: str, port: int, *, several: bool) -> tuple[Endpoint, ...]:
    found = tuple(_host(host, port) for host in hosts.split(","))
    if len(found) > 1 and not several:
        raise ValueError("one host only")
    return found


def _host(text: str, port: int) -> Endpoint:
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
