"""The allowed model where it belongs, the forbidden one in a field that some API, router or SDK follows too."""

import json
from collections.abc import Callable
from typing import Any, Final

from gateway.probe.message import ask, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "another field names the model that is run"
FALLBACKS: Final = "LiteLLM #38572"

# `$` stands for the forbidden name, `@` for the allowed one.
FIELDS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("models", "OpenRouter", {"models": ["$"]}),
    ("models as a text", "OpenRouter", {"models": "$"}),
    ("fallbacks", FALLBACKS, {"fallbacks": ["$"]}),
    ("fallbacks as objects", FALLBACKS, {"fallbacks": [{"model": "$"}]}),
    ("fallback_models", FALLBACKS, {"fallback_models": ["$"]}),
    ("context_window_fallbacks", FALLBACKS, {"context_window_fallbacks": [{"x": ["$"]}]}),
    ("engine", "OpenAI, before 2023", {"engine": "$"}),
    ("deployment_id", "Azure SDKs", {"deployment_id": "$"}),
    ("model_id", "Bedrock SDKs", {"model_id": "$"}),
    ("model_name", "SDKs", {"model_name": "$"}),
    ("adapter_id", "TGI, LoRAX", {"adapter_id": "$"}),
    ("lora_request", "vLLM", {"lora_request": {"lora_name": "$"}}),
    ("extra_body.model", "OpenAI SDK", {"extra_body": {"model": "$"}}),
    ("a tool's model", "OpenAI Responses", {"tools": [{"type": "image_generation", "model": "$"}]}),
    ("a tool's Model", "OpenAI Responses", {"tools": [{"type": "advisor", "Model": "$"}]}),
    ("session.model", "LiteLLM #40010", {"session": {"model": "$"}}),
    ("response.model", "LiteLLM #40010", {"response": {"model": "$"}}),
    ("providerOptions.gateway.models", "Vercel AI Gateway", {"providerOptions": {"gateway": {"models": ["$"]}}}),
    ("router_settings_override.fallbacks", "LiteLLM", {"router_settings_override": {"fallbacks": [{"@": ["$"]}]}}),
    ("router_settings_override.model_group_alias", "LiteLLM", {"router_settings_override": {"model_group_alias": {"@": "$"}}}),
    ("compound_custom.models", "Groq", {"compound_custom": {"models": {"answering_model": "$"}}}),
    ("a plugin's allowed_models", "OpenRouter", {"plugins": [{"id": "auto-router", "allowed_models": ["$"]}]}),
    ("draft_model", "speculative decoding", {"draft_model": "$"}),
    ("user_config", "LiteLLM", {"user_config": {"model_list": [{"model_name": "any", "litellm_params": {"model": "$"}}]}}),
)


def _with(more: dict[str, Any]) -> Callable[[Target], Attempt]:
    text = json.dumps(more)
    return lambda target: Attempt(
        post(target, ask(target.allowed, **json.loads(text.replace("$", target.forbidden).replace("@", target.allowed))))
    )


PROBES: Final = tuple(Probe("fields", name, HOLE, seen, _with(more)) for name, seen, more in FIELDS)
