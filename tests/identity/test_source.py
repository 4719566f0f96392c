"""A key set comes from a file, a URL, or by discovery on the issuer's own URL."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.forge import issuer

from gateway.identity.fetch import Fetch, FetchError
from gateway.identity.source import read_source
from gateway.settings.shape import Keys

REMOTE = "https://login.example.org/tenant"
KEYS = "https://keys.example.org/jwks"


def web(**documents: object) -> Fetch:
    """Serve `documents`: the discovery document as `discovery`, anything else is the key set."""

    async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        assert timeout == 5.0
        if url.endswith("/.well-known/openid-configuration"):
            content = documents["discovery"]
            return content if isinstance(content, bytes) else json.dumps(content).encode()
        return f"keys at {url}".encode()

    return fetch


async def discovered(iss: str = REMOTE, **document: Any) -> bytes:
    content = {"issuer": iss, "jwks_uri": KEYS, **document}
    return await read_source(issuer(issuer=iss, keys=Keys(discovery=True)), web(discovery=content))


async def test_a_key_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(b"content")
    assert await read_source(issuer(keys=Keys(file=str(tmp_path / "keys.json"))), web()) == b"content"


async def test_a_key_set_url_is_fetched() -> None:
    assert await read_source(issuer(keys=Keys(jwks_url=KEYS)), web()) == b"keys at " + KEYS.encode()


@pytest.mark.parametrize("iss", [REMOTE, REMOTE + "/"])
async def test_discovery_leads_to_the_key_set(iss: str) -> None:
    assert await discovered(iss) == b"keys at " + KEYS.encode()


async def test_discovery_on_loopback_may_lead_to_loopback() -> None:
    assert await discovered("http://127.0.0.1:8081", jwks_uri="http://127.0.0.1:8081/keys") == b"keys at http://127.0.0.1:8081/keys"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        pytest.param({"issuer": REMOTE + "/"}, "names another issuer", id="a document about somebody else by one character"),
        pytest.param({"issuer": None}, "names another issuer", id="a document about nobody"),
        pytest.param({"jwks_uri": None}, "no jwks_uri", id="no key set"),
        pytest.param({"jwks_uri": ["https://a"]}, "no jwks_uri", id="an odd key set"),
        pytest.param({"jwks_uri": "http://127.0.0.1:6379/"}, "on this machine", id="a remote issuer that points at this machine"),
        pytest.param({"jwks_uri": "HTTPS://LOCALHOST/"}, "on this machine", id="the same in capitals"),
    ],
)
async def test_a_discovery_document_that_leads_astray_is_an_error(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(FetchError, match=problem):
        await discovered(**document)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"issuer":"a","issuer":"b"}'])
async def test_a_discovery_document_with_two_readings_is_an_error(content: bytes) -> None:
    with pytest.raises(FetchError, match="no plain JSON object"):
        await read_source(issuer(issuer=REMOTE, keys=Keys(discovery=True)), web(discovery=content))
