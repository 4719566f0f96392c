"""What the top-level keys of a JSON body mean to the gate, however they are spelled."""

import unicodedata
from enum import Enum, unique
from typing import Final


@unique
class Role(Enum):
    """Whether a key names the model, may name another one, only resembles such a key, or is one in which no reader looks for a model."""

    MODEL = "model"
    ELSEWHERE = "elsewhere"
    VARIANT = "variant"
    FREE = "free"
    OTHER = "other"


# Fields by which some API, proxy or SDK names another model or a list of them (fallbacks, deployments, engines).
_ELSEWHERE: Final = frozenset(
    "models model_id model_name model_list engine deployment deployment_id fallback fallbacks fallback_model fallback_models "  # noqa: SIM905 - reads as a list
    "deployment_name context_window_fallbacks content_policy_fallbacks default_fallbacks model_group_alias model_routing_preference "
    "adapter_id lora lora_name lora_path lora_request".split()
)
# The same, but only at the top of a body: a stored choice of models, and the leave to choose another (OpenRouter).
_CHOOSING: Final = frozenset(("preset", "route"))
# Whatever the model is for (`draft_model`, `answering_model`, `allowed_models`), the folded names of such fields end so.
_ENDINGS: Final = (
    *("model", "models", "modelid", "modelids", "modelname", "modelnames", "modelarn", "modeluri", "modelpath", "modelref", "modelalias"),
    *("engineid", "enginename", "deploymentid", "deploymentname"),
)
# Prompts, schemas and examples, in which a "model" is the caller's text; and plain numbers and switches.
_FREE: Final = frozenset(
    "messages input prompt prefill system instructions metadata functions text prediction user stop stop_sequences response_format "  # noqa: SIM905 - reads as a list
    "output_config output_format logit_bias stream stream_options temperature top_p top_k n seed max_tokens max_completion_tokens "
    "max_output_tokens presence_penalty frequency_penalty logprobs top_logprobs store service_tier parallel_tool_calls reasoning_effort "
    "encoding_format dimensions voice size quality "
    "contents systemInstruction system_instruction content inputs message chat_history preamble query queries documents texts "
    "text_1 text_2 tokens".split()
)


def fold(name: str) -> str:
    """Fold what a lenient reader might take for the same name: case, compatibility forms, anything that is no letter or digit."""
    if name.isascii():
        return "".join(filter(str.isalnum, name)).lower()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


_FOLDED: Final = frozenset(map(fold, _ELSEWHERE | _CHOOSING | {"model"}))
_HEADERS: Final = ("azureml-model-deployment", "x-amzn-sagemaker-target-variant", "x-amzn-sagemaker-inference-component")
_MODEL_FIELDS: Final = frozenset(map(fold, (*_ELSEWHERE, *_HEADERS)))

CALLERS_OWN: Final = frozenset(("metadata", "logit_bias", "labels", "guided_json", "requestMetadata"))
"""Top-level fields that are never looked into."""


def role_of(name: str) -> Role:
    """Tell the role of a top-level key."""
    if name == "model":
        return Role.MODEL
    if name in _ELSEWHERE or name in _CHOOSING:
        return Role.ELSEWHERE
    if name in _FREE:
        return Role.FREE
    folded = fold(name)
    if folded in _FOLDED:
        return Role.VARIANT
    return Role.ELSEWHERE if folded.endswith(_ENDINGS) else Role.OTHER


def names_model(name: str) -> bool:
    """Whether a header, query parameter or nested key of this name could be read as the model's name."""
    return is_model_field(fold(name))


def is_model_field(folded: str) -> bool:
    """Say so of a folded name."""
    return folded in _MODEL_FIELDS or folded.endswith(_ENDINGS)


def may_be_switch(folded: str) -> bool:
    """Whether a number or a switch is nothing unusual in a field of this name, known by its ending alone: `wait_for_model`."""
    return folded not in _FOLDED
