"""Tokens are verified once and remembered by their whole text, never past their expiry, never past a change of keys."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import CLAIMS, NOW, Clock, Signer, at, issuer, key_set, segment

from gateway.identity.fetch import FetchError
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import REFUSED_FOR, NeedKeys, Verifier
from gateway.policy.access import Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer, Keys

SIGNER = Signer()
EXPIRY = CLAIMS["exp"] - NOW.wall


class Gate:
    """A verifier of one issuer, the document that the issuer publishes (None: nobody answers), and how often it was asked."""

    def __init__(self, trusted: Issuer | None = None, capacity: int = 100) -> None:
        self.clock = Clock()
        self.issuer = trusted or issuer()
        self.document: bytes | None = key_set(SIGNER)
        self.asked = 0
        self.fetched = asyncio.Event()
        self.keyset = KeySet(self.issuer, self.clock, self.fetch)
        self.verifier = Verifier([self.issuer], {"main": self.keyset}, self.clock, capacity)

    async def fetch(self, url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        del url, timeout
        self.asked += 1
        self.fetched.set()
        if self.document is None:
            raise FetchError("could not be fetched")
        return self.document


@pytest.fixture
async def gate() -> Gate:
    """Give a gate whose issuer's keys are loaded."""
    gate = Gate()
    await gate.keyset.refresh()
    return gate


async def test_a_token_is_verified_once_and_remembered(gate: Gate) -> None:
    token = SIGNER.token()
    first = gate.verifier.verify(token, NOW)
    assert isinstance(first, Subject)
    assert gate.verifier.verify(bytes(bytearray(token)), NOW) is first
    assert gate.verifier.counts == {("main", "verified"): 1, ("main", "cached"): 1}
    assert repr(gate.verifier) == "<Verifier ['main'], 1 tokens remembered>"


async def test_a_remembered_token_ends_at_its_expiry(gate: Gate) -> None:
    token = SIGNER.token()
    assert isinstance(gate.verifier.verify(token, at(0)), Subject)
    assert isinstance(gate.verifier.verify(token, at(EXPIRY - 0.001)), Subject)
    assert gate.verifier.verify(token, at(EXPIRY)) is Reason.TOKEN_EXPIRED
    assert gate.verifier.verify(token, at(EXPIRY + 1)) is Reason.TOKEN_EXPIRED
    assert gate.verifier.counts == {("main", "verified"): 1, ("main", "cached"): 1, ("main", "token_expired"): 2}


async def test_leeway_holds_for_remembered_tokens_alike() -> None:
    gate = Gate(issuer(leeway=5))
    await gate.keyset.refresh()
    token = SIGNER.token()
    assert isinstance(gate.verifier.verify(token, at(0)), Subject)
    assert isinstance(gate.verifier.verify(token, at(EXPIRY + 4.9)), Subject)
    assert gate.verifier.verify(token, at(EXPIRY + 5)) is Reason.TOKEN_EXPIRED


async def test_tokens_that_differ_only_at_the_end_are_two_tokens(gate: Gate) -> None:
    token = SIGNER.token()
    assert isinstance(gate.verifier.verify(token, NOW), Subject)
    forged = token.rpartition(b".")[0] + b"." + segment(bytes(64))
    assert forged[:-90] == token[:-90]
    assert gate.verifier.verify(forged, NOW) is Reason.TOKEN_INVALID
    assert gate.verifier.verify(token[:-1], NOW) is not gate.verifier.verify(token, NOW)


async def test_a_withdrawn_key_takes_its_remembered_tokens_along(gate: Gate) -> None:
    token = SIGNER.token()
    assert isinstance(gate.verifier.verify(token, NOW), Subject)
    gate.document = key_set(Signer("k2", number=2))
    await gate.keyset.refresh()
    assert gate.verifier.verify(token, NOW) is Reason.TOKEN_INVALID


async def test_a_key_replaced_under_the_same_kid_takes_them_along_too(gate: Gate) -> None:
    token = SIGNER.token()
    assert isinstance(gate.verifier.verify(token, NOW), Subject)
    gate.document = key_set(Signer(SIGNER.kid, number=2))
    await gate.keyset.refresh()
    assert gate.verifier.verify(token, NOW) is Reason.TOKEN_INVALID
    assert isinstance(gate.verifier.verify(Signer(SIGNER.kid, number=2).token(), NOW), Subject)


async def test_a_refusal_is_not_remembered_past_a_change_of_keys(gate: Gate) -> None:
    early = Signer(SIGNER.kid, number=2).token()
    assert gate.verifier.verify(early, NOW) is Reason.TOKEN_INVALID
    gate.document = key_set(Signer(SIGNER.kid, number=2))
    await gate.keyset.refresh()
    assert isinstance(gate.verifier.verify(early, NOW), Subject)


async def test_a_refusal_is_remembered_for_a_short_while_only(gate: Gate) -> None:
    token = SIGNER.token()
    assert gate.verifier.verify(token, at(EXPIRY)) is Reason.TOKEN_EXPIRED
    set_back = at(EXPIRY + REFUSED_FOR)
    set_back = type(set_back)(wall=NOW.wall, steady=set_back.steady)
    assert isinstance(gate.verifier.verify(token, set_back), Subject), "the wall clock was put right"


async def test_a_token_from_tomorrow_is_good_tomorrow(gate: Gate) -> None:
    token = SIGNER.token(nbf=NOW.wall + 1)
    assert gate.verifier.verify(token, at(0)) is Reason.TOKEN_INVALID
    assert isinstance(gate.verifier.verify(token, at(1)), Subject)


async def test_memory_is_bounded() -> None:
    gate = Gate(capacity=5)
    await gate.keyset.refresh()
    for number in range(20):
        assert isinstance(gate.verifier.verify(SIGNER.token(sub=str(number)), NOW), Subject)
    assert "5 tokens remembered" in repr(gate.verifier)


async def test_without_keys_nothing_is_accepted_and_readiness_says_so() -> None:
    gate = Gate()
    gate.document = None
    token = SIGNER.token()
    assert list(gate.verifier.issuers_without_keys) == ["main"]
    assert gate.verifier.verify(token, NOW) == NeedKeys("main", "k1")
    assert await gate.verifier.identify(token) is Reason.KEYSET_UNAVAILABLE
    assert await gate.verifier.identify(token) is Reason.KEYSET_UNAVAILABLE
    assert gate.asked == 1, "the failure is remembered for a second"
    gate.document = key_set(SIGNER)
    gate.clock.elapsed = 1.0
    assert isinstance(await gate.verifier.identify(token), Subject)
    assert not gate.verifier.issuers_without_keys


async def test_an_unknown_key_is_fetched_once_for_all_who_wait(gate: Gate) -> None:
    gate.clock.elapsed = 30.0
    gate.document = key_set(SIGNER, Signer("k2", number=2))
    tokens = [Signer("k2", number=2).token(sub=str(number)) for number in range(20)]
    seen = await asyncio.gather(*map(gate.verifier.identify, tokens))
    assert [subject.subject_id for subject in seen if isinstance(subject, Subject)] == [str(number) for number in range(20)]
    assert gate.asked == 2


async def test_after_the_fetch_the_answer_is_final(gate: Gate) -> None:
    gate.clock.elapsed = 30.0
    token = SIGNER.token({"kid": "nobody's"})
    need = gate.verifier.verify(token, gate.clock())
    assert need == NeedKeys("main", "nobody's")
    assert isinstance(need, NeedKeys)
    await gate.verifier.fetch_keys(need)
    assert gate.verifier.verify(token, gate.clock()) is Reason.TOKEN_INVALID
    assert gate.verifier.counts == {("main", "token_invalid"): 1}


async def test_an_unknown_key_of_an_issuer_that_is_away_is_not_called_invalid(gate: Gate) -> None:
    gate.document = None
    gate.clock.elapsed = 30.0
    assert await gate.verifier.identify(Signer("k2", number=2).token()) is Reason.KEYSET_UNAVAILABLE
    assert isinstance(await gate.verifier.identify(SIGNER.token()), Subject), "the last good keys still serve"


@pytest.mark.parametrize("header", [{"kid": "k1", "alg": "ES384"}, {"kid": "unknown", "alg": "RS384"}, {"kid": "unknown", "alg": "none"}])
async def test_a_token_that_no_key_could_save_leads_to_no_fetch(gate: Gate, header: dict[str, str]) -> None:
    gate.clock.elapsed = 30.0
    assert gate.verifier.verify(SIGNER.token(header), gate.clock()) is Reason.TOKEN_INVALID


async def test_keys_of_an_issuer_that_nobody_configured_are_not_fetched(gate: Gate) -> None:
    await gate.verifier.fetch_keys(NeedKeys("other", "k1"))
    assert gate.asked == 1


async def test_start_loads_the_keys_and_keeps_them_fresh_until_stop() -> None:
    gate = Gate(issuer(keys=Keys(jwks_url="https://login.example.org/keys", refresh_every=0.0)))
    await gate.verifier.start()
    assert isinstance(gate.verifier.verify(SIGNER.token(), NOW), Subject)
    gate.fetched.clear()
    await asyncio.wait_for(gate.fetched.wait(), 5.0)
    await gate.verifier.stop()
    asked = gate.asked
    assert asked >= 2
    await gate.verifier.start()
    assert gate.asked == asked, "keys that are loaded are not loaded again"
    await gate.verifier.stop()


async def test_start_does_not_fail_with_its_issuers() -> None:
    gate = Gate()
    gate.document = None
    await gate.verifier.start()
    assert gate.verifier.issuers_without_keys == ("main",)
    await gate.verifier.stop()


async def test_keys_from_a_file_serve_the_same(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set(SIGNER))
    gate = Gate(issuer(keys=Keys(file=str(tmp_path / "keys.json"))))
    assert isinstance(await gate.verifier.identify(SIGNER.token()), Subject)
    assert gate.asked == 0


def loaded() -> Verifier:
    """Give a verifier without a loop: its keys are put in place."""
    gate = Gate()
    gate.keyset.ring = read_key_set(key_set(SIGNER, Signer("rsa", "RS256"), Signer("ed", "EdDSA")), gate.issuer.algorithms)
    gate.keyset.loaded = True
    return gate.verifier


VERIFIER = loaded()
HONEST = SIGNER.token()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FUZZ = settings(max_examples=150)


def refused(token: bytes) -> bool:
    return not isinstance(VERIFIER.verify(token, NOW), Subject)


@given(st.binary(max_size=300) | st.tuples(st.binary(), st.binary(), st.binary()).map(lambda parts: b".".join(map(segment, parts))))
def test_no_bytes_raise_or_pass(token: bytes) -> None:
    assert refused(token)


@FUZZ
@given(st.data())
def test_no_change_of_an_honest_token_passes(data: st.DataObject) -> None:
    at_byte = data.draw(st.integers(0, len(HONEST) - 1))
    cut = data.draw(st.integers(0, 3))
    insert = data.draw(st.binary(max_size=3))
    token = HONEST[:at_byte] + insert + HONEST[at_byte + cut :]
    assert refused(token) == (token != HONEST)


@FUZZ
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip", "x"]), JSON, max_size=4))
def test_no_header_raises(header: dict[str, object]) -> None:
    passes = not refused(SIGNER.token(header))
    members = {name for name, value in header.items() if value is not None}
    assert not passes or members <= {"x", "typ", "alg", "kid"}


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "org_id", "nationalities", "cnf", "x"]), JSON, max_size=5
    )
)
def test_no_claims_raise_and_what_passes_is_a_plain_subject(claims: dict[str, object]) -> None:
    verdict = VERIFIER.verify(SIGNER.token(**claims), NOW)
    if isinstance(verdict, Subject):
        assert verdict.subject_id.isprintable()
        assert "cnf" not in claims or claims["cnf"] is None
        assert verdict.expires_at > NOW.wall
    else:
        assert isinstance(verdict, Reason)
