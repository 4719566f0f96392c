"""Every server that can be measured, by the name that a command line gives it."""

from typing import Final

from bench.peers.envoy import envoy
from bench.peers.floor import haproxy_floor, nginx_floor
from bench.peers.gate import gate
from bench.peers.haproxy import haproxy, haproxy_verifying
from bench.peers.litellm import litellm
from bench.peers.nginx_lua import nginx_lua
from bench.peers.plain import plain
from bench.peers.site import Runner

SERVERS: Final[dict[str, Runner]] = {
    "gate": gate,
    "nginx-lua": nginx_lua,
    "haproxy": haproxy,
    "haproxy-verifying": haproxy_verifying,
    "envoy": envoy,
    "aiohttp": plain,
    "litellm": litellm,
    "nginx": nginx_floor,
    "haproxy-floor": haproxy_floor,
}
