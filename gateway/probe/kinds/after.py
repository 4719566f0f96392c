"""After the decision: whoever leaves, or may no longer, leaves no upstream working. Revocations come last."""

from typing import Final

from gateway.probe.answers import MANY
from gateway.probe.frames import event, frame
from gateway.probe.kinds.websocket_events import handshake
from gateway.probe.message import CHAT, ask, post
from gateway.probe.probe import Attempt, Must, Need, Probe, Then
from gateway.probe.target import Target

LEFT: Final = "the caller has gone and the upstream still works"
REVOKED: Final = "a stream survives the permission that it was given under"
CACHED: Final = "a decision is remembered longer than it is true"


def _left(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.allowed, stream=True, max_tokens=MANY * 10), CHAT), then=Then.LEAVE)


def _left_socket(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.allowed}"), (frame(event("response.create")),), then=Then.LEAVE)


def _revoked(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.allowed, stream=True, max_tokens=MANY * 10), CHAT), then=Then.REVOKE)


def _again(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.allowed)))


def _socket_again(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.allowed}"))


PROBES: Final = (
    Probe("after", "the caller leaves its stream", LEFT, "LiteLLM #13774", _left, Must.END, "streamed chat"),
    Probe("after", "the caller leaves its WebSocket", LEFT, "LiteLLM #13774", _left_socket, Must.END, "realtime"),
    Probe("after", "revoked while it streams", REVOKED, "Pomerium #1279", _revoked, Must.END, "streamed chat", Need.REVOKE),
    Probe("after", "revoked, asks again", CACHED, "LiteLLM #9820, #35565", _again, Must.KEEP_ALL, needs=Need.REVOKE),
    Probe("after", "revoked, opens a WebSocket", CACHED, "LiteLLM #9820", _socket_again, Must.KEEP_ALL, "realtime", Need.REVOKE),
)
