"""The names by which a request reaches for what another one left behind: files, responses, threads, caches, voices.

One upstream key serves every caller, so whose object an id names cannot be told here. Until it can, all of them are refused, on
every route, wherever in the body they stand; a refusal names the field and never its value.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from gateway.policy.vocabulary import Reason
from gateway.wire.names import fold
from gateway.wire.refused import Refused

# Fields that hold an id, ids, or the place of an object.
_IDS: Final = (
    *("file_id", "file_ids", "input_file_id", "file_uri", "vector_store_id", "vector_store_ids", "container_id", "skill_id"),
    *("previous_response_id", "response_id", "conversation", "conversation_id", "previous_interaction_id", "thread", "thread_id"),
    *("assistant_id", "prompt_id", "cached_content", "file_search_store_names", "dataset_id", "connectors", "s3_location"),
    *("data_sources", "datastore", "vertex_ai_search", "vertex_rag_store", "rag_resources", "kv_transfer_params", "background_options"),
)
# Fields that refer where their value is an object with an id, and are settings or text otherwise.
_OWNERS: Final = ("prompt", "audio", "voice", "container", "session")
_ITEM: Final = "item_reference"
# Items that stand for a stored one unless they carry the whole of it.
_WHOLE: Final = MappingProxyType({"reasoning": "encrypted_content", "image_generation_call": "result", "compaction": "encrypted_content"})

STORED: Final[Mapping[str, str]] = MappingProxyType({fold(name): name for name in _IDS})
"""Folded name of a field that refers -> its usual spelling."""

OWNERS: Final[Mapping[str, str]] = MappingProxyType({fold(name): name for name in _OWNERS})
"""Folded name of a field that refers by the `id` within -> its usual spelling."""


def refused(field: str) -> Refused:
    """Refuse a reference, by the field's usual spelling."""
    return Refused(
        Reason.ROUTE_NOT_ALLOWED,
        f'"{field}" refers to a stored object, and whose it is cannot be told here; send the content itself',
        refers=True,
    )


def item_problem(fields: Mapping[str, Any]) -> Refused | None:
    """Refuse an item of a conversation that stands for a stored one: by its type, or by an id in place of what it was."""
    kind = fields.get("type")
    if not isinstance(kind, str):
        return None
    if kind == _ITEM and any(value and fold(name) == "id" for name, value in fields.items()):
        return refused(_ITEM)
    if kind in _WHOLE and not fields.get(_WHOLE[kind]) and any(value and fold(name) == "id" for name, value in fields.items()):
        text = f'an item of type "{kind}" without "{_WHOLE[kind]}" refers to a stored one, and whose it is cannot be told here'
        return Refused(Reason.ROUTE_NOT_ALLOWED, text)
    return None
