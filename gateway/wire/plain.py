"""What most requests hold: conversations and tools in which every key is known, so that nothing else can hide in them.

The parser checks that a value has these keys only, at its own speed. Whatever has another is looked through key by key
(`depth`); to forget a key here costs time, never safety. None of these fields names a model or refers to a stored object.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

Text = str | None


class _Known(Struct, forbid_unknown_fields=True, gc=False):
    pass


class _Cache(_Known):
    type: str = ""
    ttl: str = ""


class _Url(_Known):
    url: str = ""
    detail: Text = None


class _Source(_Known):
    type: str = ""
    media_type: str = ""
    data: str = ""
    url: str = ""


class _Call(_Known):
    name: str = ""
    arguments: str = ""


class _ToolCall(_Known):
    id: str = ""
    type: str = ""
    function: _Call | None = None
    index: int = 0


class _Piece(_Known):
    """A message, or a part of one, of any dialect."""

    type: str = ""
    role: str = ""
    text: Text = None
    content: "Text | list[_Piece]" = None
    parts: "list[_Piece] | None" = None
    name: Text = None
    refusal: Text = None
    tool_call_id: str = ""
    tool_use_id: str = ""
    tool_calls: list[_ToolCall] | None = None
    call_id: str = ""
    arguments: str = ""
    output: Text = None
    is_error: bool = False
    status: Text = None
    thinking: str = ""
    signature: str = ""
    image_url: str | _Url | None = None
    source: _Source | None = None
    cache_control: _Cache | None = None


class _Function(_Known):
    name: str = ""
    description: Text = None
    parameters: Raw = Raw()
    strict: bool | None = None


class _Tool(_Known):
    """A function of the caller's own; a schema is not looked into."""

    type: Literal["function", "custom"] = "function"
    function: _Function | None = None
    name: str = ""
    description: Text = None
    parameters: Raw = Raw()
    input_schema: Raw = Raw()
    strict: bool | None = None
    cache_control: _Cache | None = None


class _Options(_Known):
    """Switches."""

    type: str = ""
    name: str = ""
    effort: Text = None
    summary: Text = None
    verbosity: Text = None
    include_usage: bool = False
    include_obfuscation: bool = False
    budget_tokens: int = 0
    disable_parallel_tool_use: bool = False


_CONVERSATION: Final = msgspec.json.Decoder(list[str | _Piece])
_TOOLS: Final = msgspec.json.Decoder(list[_Tool])
_OPTIONS: Final = msgspec.json.Decoder(_Options)
_TOKENS: Final = msgspec.json.Decoder(list[int | list[int]])
_PIECE: Final = msgspec.json.Decoder(_Piece)


def is_plain(name: str, value: Raw) -> bool:
    """Whether the list or object `value` of the top-level field `name` has known keys only, and so neither names a model nor refers."""
    if memoryview(value)[0] == _LIST:
        return _reads(_TOOLS if name == "tools" else _CONVERSATION, value) or (name in _TOKEN_LISTS and _reads(_TOKENS, value))
    return _reads(_OPTIONS, value) or (name in _PIECES and _reads(_PIECE, value))


def conversation(value: Raw) -> bool:
    """Whether `value` is a list of messages or parts with known keys only."""
    return _reads(_CONVERSATION, value)


def _reads(decoder: "msgspec.json.Decoder[Any]", value: Raw) -> bool:
    try:
        decoder.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


_LIST: Final = ord("[")
_PIECES: Final = frozenset(("system", "systemInstruction", "system_instruction"))
_TOKEN_LISTS: Final = frozenset(("input", "prompt", "tokens"))
