"""A cluster of three primaries with a replica each. `store_cluster` is one in good order, without data, on Redis and on Valkey.

It is started once for each module of tests; `running_cluster` is where the product is chosen:
`@pytest.mark.parametrize("running_cluster", ["redis"], indirect=True)`.
"""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any, Self

import pytest
import redis
from redis.exceptions import AskError, MovedError
from support.certificates import Certificate
from support.servers import RedisServer, eventually, free_port

from gateway.store.cluster import SLOTS, key_slot

NODE_TIMEOUT = 1500
"""Milliseconds of silence after which most primaries together take another for lost."""

SLOT = key_slot("{gateway}:")


class StoreCluster:
    """Start with `with`. Primaries first, then the replica of each."""

    def __init__(self, product: str = "redis", *, primaries: int = 3, tls: Certificate | None = None) -> None:
        self._primaries = primaries
        self.tls = tls
        settings = {"tls-cluster": "yes"} if tls else {}
        self.nodes = [RedisServer(product, options=_settings() | settings, tls=tls) for _ in range(2 * primaries)]

    def __repr__(self) -> str:
        return f"StoreCluster({[node.port for node in self.nodes]})"

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.push(self)
            self._start()
            stack.pop_all()
        return self

    def _start(self) -> None:
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.await_answer()
        self._join()

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.close()

    def mend(self) -> None:
        """Start what was ended, close what was opened, delete all data."""
        for node in self.nodes:
            if node.runs:
                node.resume()
            else:
                node.start()
        eventually(lambda: all(map(self._sees_all_well, self.nodes)), "cluster in order", 20)
        for node in self.nodes:
            if node.cli("ROLE")[0] == b"master":
                node.cli("CLUSTER", "SETSLOT", SLOT, "STABLE")
                node.cli("FLUSHALL")

    @property
    def url(self) -> str:
        scheme = "rediss" if self.tls else "redis"
        return f"{scheme}+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    @property
    def running(self) -> list[RedisServer]:
        return [node for node in self.nodes if node.runs]

    @property
    def primary(self) -> RedisServer:
        """Who serves the slot of the policy, and says so itself."""
        eventually(lambda: any(map(_serves, self.running)), "primary of the slot")
        return next(node for node in self.running if _serves(node))

    @property
    def replica(self) -> RedisServer:
        """A replica of it."""
        own = identity(self.primary)
        return next(node for node in self.running if own in _line_of(node, "slave"))

    @property
    def bystander(self) -> RedisServer:
        """A primary of other slots."""
        own = self.primary
        return next(node for node in self.running if node is not own and node.cli("ROLE")[0] == b"master")

    def cli(self, *arguments: str | bytes | float) -> Any:
        """Send a command on a key of the policy to whoever takes it, as `redis-cli -c` does."""
        try:
            return self.primary.cli(*arguments)
        except AskError as elsewhere:  # MOVED is one too
            with self._at(elsewhere.port).client() as client, client.pipeline(transaction=False) as pipeline:
                return pipeline.execute_command("ASKING").execute_command(*arguments).execute()[1]

    def fail_over(self) -> None:
        """Have the replica take over without a loss (CLUSTER FAILOVER), and return when it has."""
        old, replica = self.primary, self.replica
        eventually(lambda: replica.cli("INFO", "replication")["master_link_status"] == "up", "replica in step")
        replica.cli("CLUSTER", "FAILOVER")
        eventually(lambda: _serves(replica) and not _serves(old), "promotion")

    def begin_move(self, target: RedisServer) -> None:
        """Open the slot: what is created from now on is created at `target`."""
        source = self.primary
        target.cli("CLUSTER", "SETSLOT", SLOT, "IMPORTING", identity(source))
        source.cli("CLUSTER", "SETSLOT", SLOT, "MIGRATING", identity(target))

    def move_keys(self, source: RedisServer, target: RedisServer, count: int = 1000) -> int:
        """Move some keys of the slot; how many there were."""
        keys = source.cli("CLUSTER", "GETKEYSINSLOT", SLOT, count)
        if keys:
            source.cli("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        return len(keys)

    def end_move(self, source: RedisServer, target: RedisServer) -> None:
        """Give the slot to `target`, which has all its keys."""
        while self.move_keys(source, target):
            pass
        for node in (target, source):
            node.cli("CLUSTER", "SETSLOT", SLOT, "NODE", identity(target))

    def move_slot(self, target: RedisServer) -> None:
        """Move the slot, as `redis-cli --cluster reshard` does."""
        source = self.primary
        self.begin_move(target)
        self.end_move(source, target)

    def _join(self) -> None:
        first, size = self.nodes[0], len(self.nodes)
        for epoch, node in enumerate(self.nodes[: self._primaries]):
            node.cli("CLUSTER", "SET-CONFIG-EPOCH", epoch + 1)
            begin, end = (SLOTS * index // self._primaries for index in (epoch, epoch + 1))
            node.cli("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
        for node in self.nodes[1:]:
            first.cli("CLUSTER", "MEET", "127.0.0.1", node.port, _bus(node))
        eventually(lambda: all(len(_nodes(node)) == size for node in self.nodes), "acquaintance of all nodes", 20)
        for primary, replica in zip(self.nodes, self.nodes[self._primaries :], strict=False):
            eventually(partial(_obeys, replica, identity(primary)), "replica")
        eventually(lambda: all(map(self._sees_all_well, self.nodes)), "cluster in order", 20)

    def _sees_all_well(self, node: RedisServer) -> bool:
        lines = _nodes(node)
        roles = ["master" in line.split()[2] for line in lines]
        return roles.count(True) == self._primaries and all("fail" not in line for line in lines) and self._is_in_order(node)

    def _is_in_order(self, node: RedisServer) -> bool:
        in_step = node.cli("ROLE")[0] == b"master" or node.cli("INFO", "replication")["master_link_status"] == "up"
        return in_step and b"cluster_state:ok" in node.cli("CLUSTER", "INFO")

    def _at(self, port: int) -> RedisServer:
        return next(node for node in self.nodes if node.port == port)


def identity(node: RedisServer) -> str:
    """The node's own name in the cluster."""
    return str(node.cli("CLUSTER", "MYID").decode())


def _settings() -> dict[str, str]:
    return {
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-node-timeout": str(NODE_TIMEOUT),
        "cluster-port": str(free_port()),
        "cluster-replica-validity-factor": "0",
        "cluster-allow-replica-migration": "no",
        "repl-diskless-sync-delay": "0",
    }


def _bus(node: RedisServer) -> str:
    return node.options["cluster-port"]


def _nodes(node: RedisServer) -> list[str]:
    text: bytes = node.cli("CLUSTER", "NODES")
    return text.decode().splitlines()


def _line_of(node: RedisServer, role: str) -> str:
    """What a node says of itself, if it has that role."""
    return next((line for line in _nodes(node) if "myself" in line.split()[2] and role in line.split()[2]), "")


def _obeys(replica: RedisServer, primary: str) -> bool:
    with contextlib.suppress(redis.ResponseError):
        return bool(replica.cli("CLUSTER", "REPLICATE", primary))
    return False


def _serves(node: RedisServer) -> bool:
    try:
        return bool(node.cli("ROLE")[0] == b"master" and node.cli("EXISTS", "{gateway}:slot") == 0)
    except MovedError:
        return False
    except AskError:  # the slot is being moved away, and is its own until then
        return True
    except (redis.RedisError, OSError):
        return False


@pytest.fixture(scope="module", params=["redis", "valkey"])
def running_cluster(request: pytest.FixtureRequest) -> Iterator[StoreCluster]:
    """Start three primaries and three replicas."""
    with StoreCluster(request.param) as cluster:
        yield cluster


@pytest.fixture
def store_cluster(running_cluster: StoreCluster) -> StoreCluster:
    """Give a cluster in good order, without data."""
    running_cluster.mend()
    return running_cluster
