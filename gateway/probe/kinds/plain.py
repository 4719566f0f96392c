"""The forbidden model, named plainly where each route names it. A route that is not checked is the commonest hole of all."""

from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.controls import DEPLOYMENT, GEMINI, GEMINI_BODY
from gateway.probe.kinds.forms import form, part
from gateway.probe.kinds.websocket_events import handshake
from gateway.probe.message import CHAT, post, usual
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "a route on which the model is not looked for"
SEEN: Final = "LiteLLM #26399, #41295"

BODIES: Final = (
    (CHAT, "chat"),
    ("/v1/completions", "completions"),
    ("/v1/responses", "responses"),
    ("/v1/responses/input_tokens", "chat"),
    ("/v1/responses/compact", "chat"),
    ("/v1/embeddings", "embeddings"),
    ("/v1/messages", "messages"),
    ("/v1/messages/count_tokens", "messages"),
    ("/v1/complete", "chat"),
    ("/v1/moderations", "chat"),
    ("/v1/images/generations", "chat"),
    ("/v1/audio/speech", "chat"),
    ("/v1/rerank", "chat"),
    ("/v2/rerank", "chat"),
    ("/v2/chat", "chat"),
    ("/v1/videos", "chat"),
    ("/v1/assistants", "chat"),
    ("/v1/threads/runs", "chat"),
    ("/v1/fine_tuning/jobs", "chat"),
    ("/v1/realtime/client_secrets", "chat"),
    ("/openai/v1/chat/completions", "chat"),
    ("/chat/completions", "chat"),
    ("/completions", "chat"),
    ("/embeddings", "chat"),
    ("/generate", "chat"),
    ("/invocations", "chat"),
    ("/score", "chat"),
    ("/tokenize", "chat"),
)
PATHS: Final = (
    (DEPLOYMENT, "deployment"),
    ("/openai/deployments/{}/completions", "deployment"),
    ("/openai/deployments/{}/embeddings", "deployment"),
    (GEMINI, "gemini"),
    ("/v1beta/models/{}:streamGenerateContent?alt=sse", "gemini"),
    ("/v1beta/models/{}:countTokens", "gemini"),
    ("/model/{}/invoke", "chat"),
    ("/model/{}/converse", "chat"),
    ("/v1/engines/{}/completions", "chat"),
    ("/engines/{}/chat/completions", "chat"),
)


def _body(path: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, usual(path, target.forbidden), path))


def _path(shape: str) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, GEMINI_BODY, shape.format(target.forbidden)))


def _form(target: Target) -> Attempt:
    return Attempt(form(target, part("model", target.forbidden.encode())))


def _realtime(target: Target) -> Attempt:
    return Attempt(handshake(target, f"model={target.forbidden}"))


PROBES: Final = (
    *(Probe("plain", path, HOLE, SEEN, _body(path), control=control) for path, control in BODIES),
    *(Probe("plain", shape.partition("?")[0].format("…"), HOLE, SEEN, _path(shape), control=control) for shape, control in PATHS),
    Probe("plain", "/v1/audio/transcriptions", HOLE, SEEN, _form, control="form"),
    Probe("plain", "/v1/realtime", HOLE, "LiteLLM #30710", _realtime, control="realtime"),
)
