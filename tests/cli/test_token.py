from pathlib import Path

import jwt
import pytest

from gateway.cli import main
from gateway.demo.issuer import DemoIssuer


def test_a_token_carries_what_was_given_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issuer = DemoIssuer(tmp_path)
    people = ["--nationality", "DE", "--nationality", "FR", "--us-person", "false", "--residence", "DE"]
    assert main(["token", "mint", "--org", "org_acme", *people, "--lifetime", "60", "--issuer-key", str(issuer.key_file)]) == 0
    token = capsys.readouterr().out.strip()
    claims = jwt.decode(token, jwt.PyJWK(issuer.jwks["keys"][0]), audience=issuer.audience, algorithms=["ES256"])
    assert claims["nationalities"] == ["DE", "FR"]
    assert claims["us_person"] is False
    assert claims["exp"] - claims["iat"] == 60
    main(["token", "mint", "--issuer-key", str(issuer.key_file)])
    bare = jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})
    assert not {"org_id", "nationalities", "us_person", "residence"} & set(bare)


def test_without_a_key_it_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "mint", "--issuer-key", str(tmp_path / "none.pem")]) == 1
    assert "gateway demo" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_key_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key.pem").write_text("nothing")
    assert main(["token", "mint", "--issuer-key", str(tmp_path / "key.pem")]) == 1
    assert "--issuer-key wants a PEM file" in capsys.readouterr().err
