"""A real server for what the bench asks of stores."""

from support.servers import redis_server

__all__ = ["redis_server"]
