"""Controls: the allowed model must be served, or nothing else says anything. A gateway that refuses everything scores nothing."""

from collections.abc import Callable
from typing import Final

from gateway.probe.frames import event, frame
from gateway.probe.kinds.forms import form, part
from gateway.probe.kinds.websocket_events import handshake
from gateway.probe.message import CHAT, ask, chunked, fields, post, request, usual
from gateway.probe.probe import Attempt, Must, Need, Probe
from gateway.probe.target import Target

DEPLOYMENT: Final = "/openai/deployments/{}/chat/completions?api-version=2024-10-21"
GEMINI: Final = "/v1beta/models/{}:generateContent"
GEMINI_BODY: Final = b'{"contents":[{"role":"user","parts":[{"text":"probe"}]}]}'


def _control(name: str, make: Callable[[Target], Attempt], needs: Need = Need.NOTHING) -> Probe:
    return Probe("control", name, "a gateway that refuses everything is no gateway", "-", make, Must.PASS, name, needs)


def _posted(path: str, **more: object) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, usual(path, target.allowed, **more), path))


def _in_path(shape: str, body: bytes) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, body, shape.format(target.allowed)))


def _chunked(target: Target) -> Attempt:
    lines = [*fields(target), b"Content-Type: application/json", b"Transfer-Encoding: chunked"]
    return Attempt(request(b"POST %b HTTP/1.1" % (target.prefix + CHAT).encode(), lines, chunked(ask(target.allowed))))


def _form(target: Target) -> Attempt:
    return Attempt(form(target, part("model", target.allowed.encode())))


def _realtime(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.allowed}"), (frame(event("response.create")),))


def _permitted(target: Target) -> Attempt:
    return Attempt(post(target.with_token(target.permitted), ask(target.forbidden)))


PROBES: Final = (
    _control("chat", _posted(CHAT)),
    _control("streamed chat", _posted(CHAT, stream=True)),
    _control("chunked body", _chunked),
    _control("completions", _posted("/v1/completions")),
    _control("responses", _posted("/v1/responses")),
    _control("embeddings", _posted("/v1/embeddings")),
    _control("messages", _posted("/v1/messages")),
    _control("form", _form),
    _control("deployment", _in_path(DEPLOYMENT, b'{"messages":[{"role":"user","content":"probe"}]}')),
    _control("gemini", _in_path(GEMINI, GEMINI_BODY)),
    _control("realtime", _realtime),
    Probe(
        "control",
        "the forbidden model is served to who may use it",
        "a wall around a model that nobody serves proves little",
        "-",
        _permitted,
        Must.PASS_OTHER,
        needs=Need.PERMITTED,
    ),
)
