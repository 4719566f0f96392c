"""When two spellings are one name to a lenient reader. Pure; of the suite's own, so that it is not blind where the gate is."""

import unicodedata
from typing import Final
from urllib.parse import unquote

from msgspec import Struct


class Reading(Struct, frozen=True):
    """One reader's answer to "which model?"."""

    reader: str
    model: str


def folded(text: str) -> str:
    """Fold case, compatibility forms, and everything that is no letter or digit."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def names(value: str, model: str) -> bool:
    """Whether `value` names `model`, perhaps with a prefix, a suffix or in another spelling."""
    return folded(model) in folded(value) or folded(model) in folded(unquote(value))


MODEL_KEYS: Final = frozenset(
    map(
        folded,
        (
            *("model", "models", "model_id", "model_name", "model_list", "engine", "deployment", "deployment_id", "deployment_name"),
            *("fallback", "fallbacks", "fallback_model", "fallback_models", "context_window_fallbacks", "content_policy_fallbacks"),
            *("adapter_id", "lora", "lora_name", "x-model", "x-model-id", "azureml-model-deployment", "target_model_names"),
            *("x-amzn-sagemaker-target-model", "model[]", "default_fallbacks", "model_group_alias"),
        ),
    )
)
"""Folded names of fields, parameters and headers by which some API, proxy or SDK names a model."""


ENDINGS: Final = ("model", "models")
"""Whatever it is for (`draft_model`, `allowed_models`), a field of such a name holds one."""


def is_model_key(name: str) -> bool:
    """Whether a lenient reader would take `name` for one of them."""
    spelled = folded(name)
    return spelled in MODEL_KEYS or spelled.endswith(ENDINGS)
