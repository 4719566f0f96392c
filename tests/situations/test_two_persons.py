"""Nobody widens alone: one operator asks, another one approves exactly that; what narrows waits for nobody."""

import asyncio
import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from support.running import GATED, write_settings

from gateway.admin.operators import Proof, prove
from gateway.admin.pending import Pending, content_of
from gateway.cli import main
from gateway.settings.approval_shape import Approvals, OperatorSection
from gateway.settings.release_shape import ReleaseSection, ReleasesSection
from gateway.store.edit import Edit

ANN = Ed25519PrivateKey.generate()
PUBLIC = base64.b64encode(ANN.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
BOB = b"the-token-of-bob"
APPROVALS = Approvals(
    widening=True,
    operators=(OperatorSection(name="ann", public_key=PUBLIC), OperatorSection(name="bob", token_sha256=hashlib.sha256(BOB).hexdigest())),
)
TWO = pytest.mark.parametrize("newsroom", [{"approvals": APPROVALS}], indirect=True)
GRANT = ("partner", "add", "org_acme", "--model", GATED, "--reason", "annex A")


class Desk:
    """Whose turn it is at the terminal."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        (directory / "ann.pem").write_bytes(ANN.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (directory / "bob.token").write_bytes(BOB + b"\n")
        self._keys = {"ann": directory / "ann.pem", "bob": directory / "bob.token"}

    def sits(self, name: str, key_of: str = "") -> None:
        self._monkeypatch.setenv("GATEWAY_OPERATOR", name)
        self._monkeypatch.setenv("GATEWAY_OPERATOR_KEY", str(self._keys[key_of or name]))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@TWO
async def test_a_grant_waits_until_another_operator_approves_it(newsroom: Any, desk: Desk) -> None:
    partner = newsroom.caller()
    await newsroom.orders("revoke", "org", "org_elsewhere")
    assert "GATEWAY_OPERATOR" in await newsroom.is_refused(*GRANT), "an account's name proves nothing"
    desk.sits("ann")
    change = (await newsroom.reads(*GRANT))["pending"]
    assert await partner.asks() == 403
    (row,) = await newsroom.reads("approve")
    assert (row["change"], row["state"], row["who"], row["why"]) == (change, "waiting", "ann", "annex A")
    assert "another operator has to approve it" in await newsroom.is_refused("approve", change)
    desk.sits("bob", key_of="ann")
    assert "not that of operator 'bob'" in await newsroom.is_refused("approve", change)
    desk.sits("bob")
    await newsroom.orders("approve", change)
    assert await partner.asks() == 200
    assert await newsroom.reads("approve") == []
    last = (await newsroom.reads("changes"))[-1]
    assert (last["what"], last["who"]) == ("grant.put", "ann (authenticated), approved by bob (authenticated)")
    assert last["approved"] == "ann, bob (by token)"
    assert "no change" in await newsroom.is_refused("approve", change), "an approval is good for one time"


@TWO
async def test_what_nobody_is_to_approve_is_withdrawn(newsroom: Any, desk: Desk) -> None:
    desk.sits("ann")
    change = (await newsroom.reads(*GRANT))["pending"]
    newsroom.gate.raw.hset("gateway:pending", "foo", "bar")
    await newsroom.orders("approve", change, "--withdraw")
    await newsroom.orders("approve", "foo", "--withdraw")
    assert await newsroom.reads("approve") == []
    desk.sits("bob")
    assert "no change" in await newsroom.is_refused("approve", change)
    assert "no change" in await newsroom.is_refused("approve", change, "--withdraw")
    assert "takes the name of a change" in await newsroom.is_refused("approve", "--withdraw")
    assert (await newsroom.reads("changes"))[-1]["what"] == "change.withdraw"


@TWO
async def test_what_narrows_waits_for_nobody_and_taking_it_back_does(newsroom: Any, desk: Desk) -> None:
    await newsroom.gate.admit("org_acme")
    order = newsroom.letter(f"id: d-1\nauthority: letter\nmodels: [{GATED}]\neffect: suspend\n")
    await newsroom.orders("directive", "apply", order)
    await newsroom.orders("model", "stage", GATED, "suspended")
    await newsroom.orders("revoke", "org", "org_acme")
    await newsroom.orders("partner", "remove", "org_acme", "--model", GATED)
    desk.sits("ann")
    later = "2100-01-01"
    assert "'d-9' is not applied" in await newsroom.is_refused("directive", "lift", "d-9"), "nobody is asked to approve nothing"
    assert "'org:org_b' is not revoked" in await newsroom.is_refused("revoke", "lift", "org:org_b")
    rehearsal = newsroom.letter(f"id: d-2\nauthority: letter\nmodels: [{GATED}]\neffect: suspend\nmode: monitor\n", "rehearsal.yaml")
    await newsroom.orders("directive", "apply", rehearsal)
    await newsroom.orders("directive", "apply", rehearsal, "--mode", "enforce")
    for words in (
        ("directive", "lift", "d-1"),
        ("directive", "apply", order, "--mode", "monitor"),
        ("model", "stage", GATED, "general"),
        ("model", "stage", GATED, "general", "--from", later),
        ("revoke", "lift", "org:org_acme"),
        ("revoke", "org", "org_acme", "--until", later),
        GRANT,
    ):
        assert "pending" in await newsroom.reads(*words)
    assert len(await newsroom.reads("approve")) == 7
    (model, *_) = await newsroom.reads("model", "list")
    assert (model["stage"], model["next"]) == ("suspended", "")


@TWO
async def test_an_approval_is_of_exactly_what_was_asked(newsroom: Any, desk: Desk) -> None:
    desk.sits("ann")
    change = (await newsroom.reads(*GRANT))["pending"]
    raw = newsroom.gate.raw
    entry = json.loads(raw.hget("gateway:pending", change))
    desk.sits("bob")
    altered = entry | {"content": entry["content"] | {"who": "bob"}}
    raw.hset("gateway:pending", change, json.dumps(altered))
    assert "was altered" in await newsroom.is_refused("approve", change)
    raw.hset("gateway:pending", change, json.dumps(entry | {"proof": {"operator": "ann", "proof": "token"}}))
    assert "nobody whom the settings know" in await newsroom.is_refused("approve", change), "a forged request is no request"
    raw.hset("gateway:pending", change, json.dumps(entry))
    await newsroom.gate.admit("org_acme", grant='{"evaluator":true}')
    assert "has changed since" in await newsroom.is_refused("approve", change)


@TWO
async def test_a_token_approves_and_never_asks_since_a_forger_could_say_that_it_was_shown(newsroom: Any, desk: Desk) -> None:
    desk.sits("bob")
    assert "who asks needs a key" in await newsroom.is_refused(*GRANT)
    edit = Edit("grant.put", f"gateway:allowlist:{GATED}", "org_acme", b"{}")
    content = content_of((edit,), (None,), "bob", "annex A", time.time(), 3600)
    forged = Pending(content, Proof("bob", "token"))
    newsroom.gate.raw.hset("gateway:pending", content.name, msgspec.json.encode(forged))
    desk.sits("ann")
    assert "nobody whom the settings know has asked" in await newsroom.is_refused("approve", content.name)
    assert await newsroom.reads("partner", "list") == []


@pytest.mark.parametrize(
    "newsroom", [{"approvals": APPROVALS, "stages": ReleasesSection(preview=ReleaseSection(partners_at_most=1))}], indirect=True
)
async def test_an_approval_stands_in_for_no_place_on_the_list(newsroom: Any, desk: Desk) -> None:
    desk.sits("ann")
    first, second = [(await newsroom.reads("partner", "add", org, "--model", GATED))["pending"] for org in ("org_acme", "org_beta")]
    desk.sits("bob")
    await newsroom.orders("approve", first)
    assert "takes at most 1 at preview" in await newsroom.is_refused("approve", second)


@pytest.mark.parametrize("newsroom", [{"approvals": Approvals(widening=True, valid_for=0, operators=APPROVALS.operators)}], indirect=True)
async def test_a_change_does_not_wait_for_ever(newsroom: Any, desk: Desk) -> None:
    desk.sits("ann")
    change = (await newsroom.reads(*GRANT))["pending"]
    desk.sits("bob")
    assert "has expired" in await newsroom.is_refused("approve", change)
    assert [row["state"] for row in await newsroom.reads("approve")] == ["expired"]


@TWO
async def test_who_asks_does_not_say_how_long_the_request_is_good(newsroom: Any, desk: Desk) -> None:
    edit, now = Edit("grant.put", f"gateway:allowlist:{GATED}", "org_acme", b"{}"), time.time()
    yesterday, tomorrow = (content_of((edit,), (None,), "ann", "", now + days * 86400, 10 * 86400) for days in (-2, 1))
    secret = ANN.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (yesterday, tomorrow):
        asked = Pending(content, prove("ann", secret, APPROVALS.operators, content.statement("propose")))
        newsroom.gate.raw.hset("gateway:pending", content.name, msgspec.json.encode(asked))
    assert {row["change"]: row["state"] for row in await newsroom.reads("approve")}[yesterday.name] == "expired"
    desk.sits("bob")
    assert "has expired" in await newsroom.is_refused("approve", yesterday.name)
    assert "dated ahead" in await newsroom.is_refused("approve", tomorrow.name)
    masked = content_of((Edit("grant.remove", edit.key, edit.field, b"{}"),), (None,), "ann", "", now, 3600)
    asked = Pending(masked, prove("ann", secret, APPROVALS.operators, masked.statement("propose")))
    newsroom.gate.raw.hset("gateway:pending", masked.name, msgspec.json.encode(asked))
    assert "asks for what no command makes" in await newsroom.is_refused("approve", masked.name)


@pytest.mark.parametrize(
    "newsroom",
    [{"approvals": Approvals(operators=APPROVALS.operators), "stages": ReleasesSection(preview=ReleaseSection(signoffs=("bis",)))}],
    indirect=True,
)
async def test_a_sign_off_is_an_operators_and_no_accounts(newsroom: Any, desk: Desk) -> None:
    partner = newsroom.caller()
    await newsroom.gate.admit("org_acme")
    word = ("model", "signoff", GATED, "--stage", "preview", "--authority", "letter 7")
    assert "GATEWAY_OPERATOR" in await newsroom.is_refused(*word), "an account's name proves nothing"
    desk.sits("bob")
    assert "a sign-off needs a key" in await newsroom.is_refused(*word)
    said = {"stage": "evaluation", "signoffs": [{"agency": "bis", "stage": "preview", "authority": "letter 7", "by": "ann"}]}
    newsroom.gate.raw.hset("gateway:models", GATED, json.dumps(said))
    assert "is not signed by an operator" in await newsroom.is_refused("model", "stage", GATED, "preview")
    (model, *_) = await newsroom.reads("model", "list")
    assert model["signoffs"] == ["bis: preview (letter 7), not proved"]
    desk.sits("ann")
    await newsroom.orders(*word)
    assert [row["who"] for row in await newsroom.reads("changes") if row["what"] == "stage.put"] == ["ann (authenticated)"]
    await newsroom.orders("model", "stage", GATED, "preview")
    (model, *_) = await newsroom.reads("model", "list")
    assert (model["stage"], model["signoffs"]) == ("preview", ["bis: preview (letter 7), signed by ann"])
    assert await partner.asks() == 200


@TWO
async def test_settings_that_ask_for_less_are_not_those_of_the_gate(
    newsroom: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partner, lenient = newsroom.caller(), msgspec.structs.replace(newsroom.gate.gateway.settings, approvals=Approvals())
    await newsroom.orders("directive", "apply", newsroom.letter(f"id: d-1\nauthority: letter\nmodels: [{GATED}]\neffect: suspend\n"))
    await newsroom.gate.admit("org_acme")
    file = str(write_settings(tmp_path / "lenient.json", lenient))
    for words in (GRANT, ("directive", "lift", "d-1"), ("model", "stage", GATED, "general")):
        assert await asyncio.to_thread(main, ["--config", file, *words]) == 1
        assert "ask for other sign-offs or approvals" in capsys.readouterr().err
    assert await asyncio.to_thread(main, ["--config", file, "revoke", "org", "org_beta"]) == 0, "what narrows waits for nobody's settings"
    assert await partner.asks() == 403
