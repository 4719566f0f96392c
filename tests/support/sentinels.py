"""A master, its replicas and three sentinels that agree within a second or two; `sentinel_group` makes one per test."""

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any, Self

import pytest
import redis
from support.certificates import Certificate
from support.servers import RedisServer, binary, eventually

SERVICE = "main"
DOWN_AFTER = 1000
"""Milliseconds of silence after which a sentinel takes a server for lost."""


class Sentinel(RedisServer):
    """One sentinel; `lines` of its configuration besides."""

    def __init__(self, product: str = "redis", *, tls: Certificate | None = None) -> None:
        super().__init__(product, tls=tls)
        self.identity = secrets.token_hex(20)
        self.lines: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def client(self) -> "redis.Redis":
        """Open a plain client; close it."""
        secured = _secured(self.tls) if self.tls else {}
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=5, protocol=2, **secured)

    def _command(self) -> list[str]:
        settings = self._listening() | {"bind": "127.0.0.1", "dir": str(self.directory), "logfile": str(self.directory / "log")}
        file = self.directory / "sentinel.conf"
        if not file.exists():
            file.write_text("\n".join([*(f"{name} {value}" for name, value in settings.items()), *self.lines, ""]))
        return [binary(self.product), str(file), "--sentinel"]


class SentinelGroup:
    """Start with `with`. `server` is the master at first; `master` asks the sentinels."""

    def __init__(self, product: str = "redis", *, replicas: int = 1, tls: Certificate | None = None) -> None:
        shared = {"repl-diskless-sync-delay": "0"}
        self.tls = tls
        self.server = RedisServer(product, options=shared, tls=tls)
        following = {"replicaof": f"127.0.0.1 {self.server.port}"}
        self.replicas = [RedisServer(product, options=shared | following, tls=tls) for _ in range(replicas)]
        self.sentinels = [Sentinel(product, tls=tls) for _ in range(3)]
        for sentinel in self.sentinels:
            sentinel.lines = list(self._lines(sentinel))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.push(self)
            self._start()
            stack.pop_all()
        return self

    def _start(self) -> None:
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.await_answer()
        for replica in self.replicas:
            self._have_follow(replica)
        for sentinel in self.sentinels:
            sentinel.launch()
        for sentinel in self.sentinels:
            sentinel.await_answer()
        eventually(self._agree, "agreement of the sentinels")

    def __exit__(self, *_: object) -> None:
        for server in (*self.sentinels, *self.servers):
            server.close()

    @property
    def servers(self) -> list[RedisServer]:
        return [self.server, *self.replicas]

    @property
    def url(self) -> str:
        scheme = "rediss" if self.tls else "redis"
        return f"{scheme}+sentinel://{','.join(sentinel.endpoint for sentinel in self.sentinels)}/{SERVICE}"

    @property
    def master(self) -> RedisServer:
        """Whom the first sentinel that answers takes for the master."""
        return self._at(self.named(next(sentinel for sentinel in self.sentinels if sentinel.runs)))

    def named(self, sentinel: Sentinel) -> int:
        """Port of the master in the eyes of one sentinel."""
        return int(sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def cli(self, *arguments: str | bytes | float) -> Any:
        """Send a command to the master."""
        return self.master.cli(*arguments)

    def await_in_step(self) -> None:
        """Return when every replica has all that the master was told until now."""
        master = self.master
        for replica in self.servers:
            if replica is not master:
                replica.await_in_step(master)

    def fail_over(self) -> None:
        """Have a replica take over without need, and return when every running sentinel says so."""
        old = self.master.port
        running = [sentinel for sentinel in self.sentinels if sentinel.runs]
        eventually(lambda: self._asked_for_failover(running[0]), "replica that can take over")
        self.await_other_master(old)

    def await_other_master(self, old: int) -> RedisServer:
        """Wait until all running sentinels name one master that is not at the port `old`."""
        running = [sentinel for sentinel in self.sentinels if sentinel.runs]
        eventually(lambda: len(named := set(map(self.named, running))) == 1 and old not in named, "failover", 30)
        eventually(lambda: self.master.cli("ROLE")[0] == b"master", "promotion")
        return self.master

    def _asked_for_failover(self, sentinel: Sentinel) -> bool:
        try:
            return bool(sentinel.cli("SENTINEL", "FAILOVER", SERVICE))
        except redis.ResponseError:
            return False

    def _lines(self, own: Sentinel) -> Iterator[str]:
        yield f"sentinel myid {own.identity}"
        yield f"sentinel monitor {SERVICE} 127.0.0.1 {self.server.port} 2"
        yield f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}"
        yield f"sentinel failover-timeout {SERVICE} 10000"
        for replica in self.replicas:
            yield f"sentinel known-replica {SERVICE} 127.0.0.1 {replica.port}"
        for other in self.sentinels:
            if other is not own:
                yield f"sentinel known-sentinel {SERVICE} 127.0.0.1 {other.port} {other.identity}"

    def _have_follow(self, replica: RedisServer) -> None:
        """Connect it now, not with the next tick of a second, and before a sentinel looks: the next look is a second later."""
        replica.cli("REPLICAOF", "NO", "ONE")
        replica.cli("REPLICAOF", "127.0.0.1", self.server.port)
        eventually(lambda: replica.cli("INFO", "replication")["master_link_status"] == "up", "replica in step")

    def _agree(self) -> bool:
        return all(_facts(sentinel.cli("SENTINEL", "MASTER", SERVICE)) == ("master", "2", "") for sentinel in self.sentinels) and all(
            _facts(replica) == ("slave", "", "ok")
            for sentinel in self.sentinels
            for replica in sentinel.cli("SENTINEL", "REPLICAS", SERVICE)
        )

    def _at(self, port: int) -> RedisServer:
        return next(server for server in self.servers if server.port == port)


def _secured(tls: Certificate) -> dict[str, Any]:
    return {"ssl": True, "ssl_ca_certs": str(tls.authority), "ssl_certfile": str(tls.certificate), "ssl_keyfile": str(tls.key)}


def _facts(flat: list[bytes]) -> tuple[str, str, str]:
    """Flags, other sentinels, state of the link to the master."""
    told = dict(zip(flat[::2], flat[1::2], strict=True))
    flags, others, link = (told.get(name, b"").decode() for name in (b"flags", b"num-other-sentinels", b"master-link-status"))
    return flags, others, link


@pytest.fixture(params=["redis", "valkey"])
def sentinel_group(request: pytest.FixtureRequest) -> Iterator[SentinelGroup]:
    """Start a master, one replica and three sentinels; the test runs on Redis 7 and on Valkey 9."""
    with SentinelGroup(request.param) as group:
        yield group
