"""Real servers."""

from support.servers import redis_server, store_server

__all__ = ["redis_server", "store_server"]
