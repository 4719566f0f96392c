"""`gateway assertion keys`, and what other verbs know of certificates."""

import json
from pathlib import Path

import jwt
import pytest
from support.certificates import Authority
from support.running import settings_for, write_settings

from gateway.cli import main
from gateway.demo.issuer import DemoIssuer
from gateway.identity.assertion import AssertionSigner, Statement
from gateway.identity.binding import thumbprint_of
from gateway.settings.shape import AdminListener, Assertion, Listen, ProxyListener, Tls

ROOT = Path(__file__).parents[2]


@pytest.fixture
def assertion(tmp_path: Path) -> Assertion:
    DemoIssuer(tmp_path / "key")
    (key,) = (tmp_path / "key").glob("*.pem")  # any key on P-256 does
    return Assertion(key_file=str(key))


@pytest.fixture
def settings(tmp_path: Path, assertion: Assertion) -> str:
    return str(write_settings(tmp_path / "gateway.yaml", settings_for(tmp_path, DemoIssuer(tmp_path), ["http://a"], assertion=assertion)))


def test_the_printed_keys_verify_what_the_gate_signs(settings: str, assertion: Assertion, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assertion", "keys", "--config", settings]) == 0
    keys = json.loads(capsys.readouterr().out)
    token = AssertionSigner(assertion).sign(Statement("lab", "00", "org_acme", "main", "m", 1), 4_000_000_000)
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="lab", options={"verify_iat": False})["model"] == "m"


def test_a_file_is_written_in_one_step(settings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "jwks.json"
    assert main(["assertion", "keys", "--config", settings, "--out", str(out)]) == 0
    assert "1 public key(s)" in capsys.readouterr().out
    assert [set(key) for key in json.loads(out.read_text())["keys"]] == [{"kty", "crv", "x", "y", "alg", "use", "kid"}]
    assert list(tmp_path.glob(".*")) == []
    assert main(["assertion", "keys", "--config", settings, "--out", str(tmp_path / "nowhere" / "jwks.json")]) != 0
    assert "cannot be written" in capsys.readouterr().err


def test_without_a_key_the_right_form_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assertion", "keys", "--config", str(ROOT / "config" / "demo.yaml")]) != 0
    assert "assertion: {key_file: " in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["certificate", "client_ca", "key_file"])
def test_check_config_tries_certificates_and_keys_on_request(
    tmp_path: Path, assertion: Assertion, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    files = Authority(tmp_path).server()
    tls = Tls(certificate=str(files.certificate), key=str(files.key), client_ca=str(files.authority), client_certificates="optional")
    listen = Listen(proxy=ProxyListener(tls=tls), admin=AdminListener(tls=tls))
    made = settings_for(tmp_path, DemoIssuer(tmp_path), ["http://a"], listen=listen, assertion=assertion)
    file = str(write_settings(tmp_path / "gateway.yaml", made))
    assert main(["check-config", file, "--secrets"]) == 0
    {"certificate": files.certificate, "client_ca": files.authority, "key_file": Path(assertion.key_file)}[broken].write_text("broken")
    assert main(["check-config", file]) == 0
    assert main(["check-config", file, "--secrets"]) == 1
    assert broken in capsys.readouterr().err.replace("listen.proxy.tls: cannot use certificate", "certificate")


def test_explain_is_shown_the_certificate_that_the_connection_would_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issuer, partner = DemoIssuer(tmp_path), Authority(tmp_path).client("partner")
    made = settings_for(tmp_path, issuer, ["http://a"], store=None)
    file = str(write_settings(tmp_path / "gateway.yaml", made))
    token = issuer.mint(org_id="org_acme", cnf={"x5t#S256": thumbprint_of(partner.der)})
    asked = ["explain", "--token", token, "--model", "open-1", "--config", file, "--json"]
    assert main(asked) == 1
    assert "token_invalid" in capsys.readouterr().out
    assert main([*asked, "--certificate", str(tmp_path / "none.pem")]) == 1
    assert "--certificate: " in capsys.readouterr().err
    assert main([*asked, "--certificate", str(partner.certificate)]) == 3, "the token is good; what comes next asks a store that is away"
    assert "token_invalid" not in capsys.readouterr().out
