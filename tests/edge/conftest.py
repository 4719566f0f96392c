"""Played on both event loops: sockets are handed over and secured by the loop itself."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop
from support.servers import redis_server

__all__ = ["pytest_asyncio_loop_factories", "redis_server"]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The hook of pytest-asyncio."""
    del config, item
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
