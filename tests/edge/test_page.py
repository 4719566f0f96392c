"""docs/edge.md: its settings are accepted, its code runs, its names exist."""

import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from support.settings_text import WHOLE

from gateway.demo.issuer import DemoIssuer
from gateway.identity.assertion import TYPE, AssertionSigner, Statement
from gateway.settings.loader import parse
from gateway.settings.shape import Assertion

PAGE = (Path(__file__).parents[2] / "docs" / "edge.md").read_text()
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_of_settings_is_accepted(snippet: str) -> None:
    whole: dict[str, Any] = {**yaml.safe_load(WHOLE), **yaml.safe_load(snippet)}
    parse(yaml.safe_dump(whole), "edge.md", Path("/etc/gateway"))


def test_there_are_snippets_for_each_task() -> None:
    assert len(SNIPPETS) == 7
    for word in ("proxy_protocol", "client_address_header", "client_ca", "certificate_bound", "identity_headers", "key_file"):
        assert any(word in snippet for snippet in SNIPPETS), word


def test_the_upstreams_code_takes_what_the_gate_signs_once(tmp_path: Path) -> None:
    code = next(each for each in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "def verify" in each)
    page: dict[str, Any] = {}
    exec(code, page)  # noqa: S102 - the page's own code is what is tested
    DemoIssuer(tmp_path)
    (key,) = tmp_path.glob("*.pem")
    signer, now = AssertionSigner(Assertion(key_file=str(key))), time.time()
    keys, seen = jwt.PyJWKSet.from_dict(signer.jwks), set[str]()

    def signed(audience: str = "inference", wall: float = now) -> str:
        return signer.sign(Statement(audience, "00", "org", "main", "m", 1), wall).decode()

    token = signed()
    claims = page["verify"](token, keys, seen)
    with pytest.raises(jwt.InvalidTokenError, match="used before"):
        page["verify"](token, keys, seen)
    with pytest.raises(jwt.InvalidAudienceError):
        page["verify"](signed("elsewhere"), keys, seen)
    with pytest.raises(jwt.ExpiredSignatureError):
        page["verify"](signed(wall=now - 100), keys, seen)
    told = PAGE.partition("| claim | says |")[2].partition("\n\n")[0]
    assert claims.keys() == set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in told.splitlines() if row)))


def test_the_names_on_the_page_are_those_in_use() -> None:
    assert f"`typ` `{TYPE}`" in PAGE
