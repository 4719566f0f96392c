"""A real store, and what several real gates on it need."""

from support.servers import redis_server

__all__ = ["redis_server"]
