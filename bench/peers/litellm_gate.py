"""The checks and duties of the gate in LiteLLM's proxy, as its hooks for authentication and logging. Runs in LiteLLM's environment.

LiteLLM's own JWT authentication is not in its open edition, so the hook verifies with PyJWT and remembers verified tokens.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import jwt
from fastapi import HTTPException, Request
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth
from litellm.proxy.common_utils.http_parsing_utils import _read_request_body

RULES: dict[str, Any] = json.loads(Path(os.environ["BENCH_RULES"]).read_text())
KEYS = {key["kid"]: jwt.PyJWK(key) for key in json.loads(Path(RULES["key_file"]).read_text())["keys"]}
ALLOWLISTS = {model: frozenset(names) for model, names in RULES["allowlists"].items()}
RESTRICTED = frozenset(RULES["restricted"])
KNOWN: dict[str, dict[str, Any]] = {}


async def judge(request: Request, api_key: str) -> UserAPIKeyAuth:
    """LiteLLM's `custom_auth`."""
    claims = KNOWN.get(api_key)
    if claims is None:
        claims = KNOWN[api_key] = verify(api_key)
    if claims["exp"] <= time.time():
        raise HTTPException(401, "token_expired")
    body = await _read_request_body(request=request)
    model = body.get("model")
    if not isinstance(model, str):
        raise HTTPException(400, "model_unresolved")
    organisation = claims.get("org_id")
    if organisation not in ALLOWLISTS.get(model, ()):
        raise HTTPException(403, "org_not_approved")
    nationalities = claims.get("nationalities")
    if not nationalities or not RESTRICTED.isdisjoint(nationalities):
        raise HTTPException(403, "nationality_restricted")
    country = request.headers.get(RULES["country_header"], "")
    if not country or country in RESTRICTED:
        raise HTTPException(403, "region_restricted")
    return UserAPIKeyAuth(api_key=api_key[-16:], org_id=organisation, user_id=claims.get("sub"))


def verify(token: str) -> dict[str, Any]:
    """Claims of a token; 401 otherwise."""
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(
            token, key, algorithms=["ES256"], audience=RULES["audience"], issuer=RULES["issuer"], options={"require": ["exp"]}
        )
    except (jwt.PyJWTError, KeyError):
        raise HTTPException(401, "token_invalid") from None


class Recorder(CustomLogger):  # type: ignore[misc] # LiteLLM is not in this environment
    """A JSON line per answer."""

    def __init__(self) -> None:
        super().__init__()
        self._file = Path(RULES["record_file"]).open("a", buffering=65536)  # noqa: SIM115 - as long as the process

    async def async_log_success_event(self, kwargs: dict[str, Any], response_obj: object, start_time: Any, end_time: Any) -> None:  # noqa: ANN401 - LiteLLM's signature
        """LiteLLM calls this after each answer."""
        del response_obj
        record = {
            "time": start_time.isoformat(),
            "request_id": kwargs.get("litellm_call_id"),
            "decision": "permit",
            "model": kwargs.get("model"),
            "organisation": kwargs.get("litellm_params", {}).get("metadata", {}).get("user_api_key_org_id"),
            "seconds": (end_time - start_time).total_seconds(),
        }
        self._file.write(json.dumps(record) + "\n")


recorder = Recorder()
