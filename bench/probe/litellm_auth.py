"""Two callers' keys for LiteLLM's proxy (docs.litellm.ai/docs/proxy/custom_auth), as two virtual keys with `models` would be."""

from fastapi import Request
from litellm.proxy._types import UserAPIKeyAuth

KEYS = {
    "sk-probe-allowed-0123456789": ["open-1"],
    "sk-probe-permitted-0123456789": ["open-1", "frontier-1"],
}


async def user_api_key_auth(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Say what the key may use; any other key is refused."""
    if api_key not in KEYS:
        raise ValueError("unknown key")
    return UserAPIKeyAuth(api_key=api_key, models=KEYS[api_key])
