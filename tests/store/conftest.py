"""Real servers, and watches on them."""

from support.clusters import running_cluster, store_cluster
from support.sentinels import sentinel_group
from support.servers import redis_server, store_server
from support.witness import watching

__all__ = ["redis_server", "running_cluster", "sentinel_group", "store_cluster", "store_server", "watching"]
