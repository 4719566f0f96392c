"""Tokens of the storm are such as the gate takes, each a new one."""

from pathlib import Path

import jwt
import pytest

from bench.signers import ALGORITHMS, Signer, key_set
from gateway.demo.issuer import DemoIssuer


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_token_is_new_and_holds_under_the_one_key_set(tmp_path: Path, algorithm: str) -> None:
    issuer = DemoIssuer(tmp_path)
    signer = Signer(algorithm, issuer)
    keys = jwt.PyJWKSet.from_json(key_set(tmp_path / "keys.json", issuer, [signer]).read_text())
    tokens = [signer.mint(), signer.mint()]
    assert tokens[0] != tokens[1]
    for token in tokens:
        claims = jwt.decode(token, keys[algorithm], algorithms=[algorithm], audience=issuer.audience, issuer=issuer.issuer)
        assert claims["org_id"] == "org_bench"
