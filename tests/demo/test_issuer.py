import json
import stat
from pathlib import Path
from typing import Any

import jwt
import pytest

from gateway.demo.issuer import AUDIENCE, ISSUER, Algorithm, DemoIssuer


def opened(issuer: DemoIssuer, token: str) -> dict[str, Any]:
    key = jwt.PyJWK(json.loads(issuer.jwks_file.read_text())["keys"][0])
    return dict(jwt.decode(token, key, algorithms=[issuer.algorithm], audience=AUDIENCE, issuer=ISSUER))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_its_tokens_verify_with_the_key_set_it_wrote(tmp_path: Path, algorithm: Algorithm) -> None:
    issuer = DemoIssuer(tmp_path, algorithm=algorithm)
    claims = opened(issuer, issuer.mint(org_id="org_acme", nationalities=["DE"]))
    assert claims["org_id"] == "org_acme"
    assert claims["nationalities"] == ["DE"]
    assert isinstance(claims["exp"], int)


def test_none_leaves_a_standard_claim_out(tmp_path: Path) -> None:
    issuer = DemoIssuer(tmp_path)
    assert "sub" not in opened(issuer, issuer.mint(sub=None))


def test_a_second_start_keeps_the_key_so_that_old_tokens_hold(tmp_path: Path) -> None:
    token = DemoIssuer(tmp_path).mint(org_id="org_acme")
    assert opened(DemoIssuer(tmp_path), token)["org_id"] == "org_acme"


def test_another_directory_has_another_key_under_another_name(tmp_path: Path) -> None:
    one, other = DemoIssuer(tmp_path / "one"), DemoIssuer(tmp_path / "other")
    assert one.key_id != other.key_id
    with pytest.raises(jwt.InvalidSignatureError):
        opened(other, one.mint())


def test_the_private_key_is_for_its_owner_only_and_not_in_the_key_set(tmp_path: Path) -> None:
    issuer = DemoIssuer(tmp_path / "keys")
    assert stat.S_IMODE(issuer.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert "d" not in json.loads(issuer.jwks_file.read_text())["keys"][0]


def test_a_key_of_the_wrong_kind_is_refused_by_name(tmp_path: Path) -> None:
    rsa = DemoIssuer(tmp_path, algorithm="RS256")
    with pytest.raises(ValueError, match="no private key for ES256"):
        DemoIssuer(tmp_path, key_file=rsa.key_file)
