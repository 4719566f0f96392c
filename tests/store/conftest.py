"""Real servers, and watches on them."""

from support.servers import redis_server, store_server
from support.witness import watching

__all__ = ["redis_server", "store_server", "watching"]
