"""The model is named in two places: the body says one, the query, the path or a header says another."""

from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.controls import DEPLOYMENT, GEMINI
from gateway.probe.message import CHAT, ask, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "one place is judged and another one followed"
QUERY: Final = "LiteLLM #41810, #8780"
PATH: Final = "LiteLLM #9913"

# Name, where seen, control, the path and the body's model ($: forbidden, @: allowed), more fields.
PLACES: Final = (
    ("query forbidden, body allowed", QUERY, "chat", CHAT + "?model=$", "@", b""),
    ("query allowed, body forbidden", QUERY, "chat", CHAT + "?model=@", "$", b""),
    ("query twice", QUERY, "chat", CHAT + "?model=@&model=$", "@", b""),
    ("query in another case", QUERY, "chat", CHAT + "?Model=$", "@", b""),
    ("query with an encoded name", QUERY, "chat", CHAT + "?mod%65l=$", "@", b""),
    ("query behind a semicolon", QUERY, "chat", CHAT + "?a=1;model=$", "@", b""),
    ("query as a list", QUERY, "chat", CHAT + "?model[]=$", "@", b""),
    ("query engine", QUERY, "chat", CHAT + "?engine=$", "@", b""),
    ("path forbidden, body allowed", PATH, "deployment", DEPLOYMENT.format("$"), "@", b""),
    ("path allowed, body forbidden", PATH, "deployment", DEPLOYMENT.format("@"), "$", b""),
    ("path allowed, query forbidden", QUERY, "deployment", DEPLOYMENT.format("@") + "&model=$", "@", b""),
    ("Gemini path forbidden, body allowed", PATH, "gemini", GEMINI.format("$"), "@", b""),
    ("Gemini path allowed, body forbidden", PATH, "gemini", GEMINI.format("@"), "$", b""),
    ("engines path forbidden, body allowed", PATH, "chat", "/v1/engines/$/chat/completions", "@", b""),
    ("header X-Model", "routers", "chat", CHAT, "@", b"X-Model: $"),
    ("header X_Model", "routers", "chat", CHAT, "@", b"X_Model: $"),
    ("header Model", "routers", "chat", CHAT, "@", b"Model: $"),
    ("header azureml-model-deployment", "Azure ML", "chat", CHAT, "@", b"azureml-model-deployment: $"),
    ("header X-Target-Model", "routers", "chat", CHAT, "@", b"X-Target-Model: $"),
    ("header Helicone-Fallbacks", "Helicone", "chat", CHAT, "@", b'Helicone-Fallbacks: ["$"]'),
    ("header X-Portkey-Config", "Portkey", "chat", CHAT, "@", b'X-Portkey-Config: {"override_params":{"model":"$"}}'),
    ("header X-AI-EG-Model", "Envoy AI Gateway", "chat", CHAT, "@", b"X-AI-EG-Model: $"),
    ("query fallbacks", QUERY, "chat", CHAT + "?fallbacks=$", "@", b""),
    ("header X-Amzn-SageMaker-Target-Model", "SageMaker", "chat", CHAT, "@", b"X-Amzn-SageMaker-Target-Model: $"),
)


def _placed(path: str, model: str, line: bytes) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        def said(text: str) -> str:
            return text.replace("$", target.forbidden).replace("@", target.allowed)

        more = [said(line.decode()).encode()] if line else []
        return Attempt(post(target, ask(said(model)), said(path), *more))

    return make


PROBES: Final = tuple(
    Probe("places", name, HOLE, seen, _placed(path, model, line), control=control) for name, seen, control, path, model, line in PLACES
)
