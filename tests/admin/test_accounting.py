"""What nobody's entry accounts for was done by hand; what says that two have approved it has to carry their signatures."""

import base64
from functools import partial
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.admin.accounting import account
from gateway.admin.operators import PROOF_BY_TOKEN, Proof, prove
from gateway.admin.pending import Approved, content_of
from gateway.admin.signatures import ChangeEntry
from gateway.admin.widening import entry_widens
from gateway.settings.approval_shape import Approvals, OperatorSection
from gateway.store.edit import Edit

LIST: Final = "gateway:allowlist:m"
WHO: Final = "ann (authenticated), approved by bob (authenticated)"


def entry(revision: int, field: str, before: str, after: str, **more: str) -> ChangeEntry:
    said: dict[str, str | int] = {"id": f"{revision}000-0", "revision": revision, "when": f"T{revision}", "who": "ann@host (asserted)"}
    return said | {"what": "grant.put", "why": "", "key": LIST, "field": field, "before": before, "after": after} | more


def by_hand(changes: list[ChangeEntry], **fields: str) -> list[tuple[str, str, str, str]]:
    rows = account(changes, {LIST: fields}, Approvals())
    return [(row["field"], row["before"], row["after"], row["when"]) for row in rows if row["who"] == "outside the tools"]


def test_what_the_tools_did_accounts_for_what_is_stored() -> None:
    changes = [entry(1, "a", "", "{}"), entry(2, "b", "", "{}"), entry(3, "a", "{}", '{"x":1}'), entry(4, "b", "{}", "")]
    assert by_hand(changes, a='{"x":1}') == []
    assert by_hand([]) == []


def test_what_was_added_altered_or_removed_by_hand_is_named() -> None:
    changes = [entry(1, "a", "", "{}"), entry(2, "b", "", "{}")]
    assert by_hand(changes, a="{}", b="{}", c="{}") == [("c", "", "{}", "")]
    assert by_hand(changes, a='{"until":1}', b="{}") == [("a", "{}", '{"until":1}', "")]
    assert by_hand(changes, a="{}") == [("b", "{}", "", "")]
    assert by_hand([], a="{}") == [("a", "", "{}", "")]


def test_an_entry_that_names_nobody_accounts_for_nothing() -> None:
    changes = [entry(1, "a", "", "{}"), entry(2, "b", "", "{}", who="")]
    assert by_hand(changes, a="{}", b="{}") == [("b", "", "{}", "T2"), ("b", "", "{}", "")]


def test_an_edit_by_hand_that_a_tool_has_replaced_since_stands_before_that() -> None:
    changes = [entry(1, "a", "", "{}"), entry(2, "a", '{"evaluator":true}', "")]
    assert by_hand(changes) == [("a", "{}", '{"evaluator":true}', "before T2")]


def test_of_a_record_without_its_beginning_only_what_it_mentions_is_held_against_it() -> None:
    changes = [entry(7, "a", "{}", '{"x":1}'), entry(8, "b", "{}", "")]
    assert by_hand(changes, a='{"x":1}', c="{}") == []
    assert by_hand(changes, a="{}", c="{}") == [("a", '{"x":1}', "{}", "")]


def test_proposals_are_entries_and_no_policy() -> None:
    waiting = entry(1, "0123", "", "{}", key="gateway:pending", what="change.propose")
    assert by_hand([waiting]) == []


def proof_text(proof: Approved) -> str:
    return msgspec.json.encode(proof).decode()


class Signed:
    """A change that ann has asked for and bob approved, each with a key."""

    def __init__(self) -> None:
        self.keys = {name: Ed25519PrivateKey.generate() for name in ("ann", "bob")}
        self.operators = tuple(OperatorSection(name=name, public_key=self._public(key)) for name, key in self.keys.items())
        self.content = content_of((Edit("grant.put", LIST, "a", b"{}"),), (None,), "ann", "annex", 0.0, 60.0)
        self.proof = Approved(self.content, self.says("ann", "propose"), self.says("bob", "approve"))

    def says(self, name: str, verb: str) -> Proof:
        secret = self.keys[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return prove(name, secret, self.operators, self.content.statement(verb))

    def approved(self, *changes: ChangeEntry) -> list[str]:
        return [row["approved"] for row in account(changes, {}, Approvals(operators=self.operators))]

    def carrying(self, proof: Any, field: str = "a", after: str = "{}") -> ChangeEntry:
        return entry(1, field, "", after, who=WHO, proof=msgspec.json.encode(proof).decode())

    @staticmethod
    def _public(key: Ed25519PrivateKey) -> str:
        return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def test_two_signatures_of_exactly_this_change_are_an_approval_and_words_are_none() -> None:
    signed = Signed()
    replace = msgspec.structs.replace
    assert signed.approved(signed.carrying(signed.proof)) == ["ann, bob"]
    assert signed.approved(entry(1, "a", "", "{}")) == [""]
    assert signed.approved(entry(1, "a", "", "{}", who=WHO)) == ["not proved"]
    forgeries = {
        "another grant": signed.carrying(signed.proof, after='{"evaluator":true}'),
        "another organisation": signed.carrying(signed.proof, field="b"),
        "nothing that can be read": entry(1, "a", "", "{}", who=WHO, proof="{"),
        "one person twice": signed.carrying(replace(signed.proof, approved=signed.says("ann", "approve"))),
        "a request for an approval": signed.carrying(replace(signed.proof, approved=signed.says("bob", "propose"))),
        "a token of one who has a key": signed.carrying(replace(signed.proof, approved=Proof("bob", PROOF_BY_TOKEN))),
        "a stranger": signed.carrying(replace(signed.proof, approved=Proof("eve", PROOF_BY_TOKEN))),
    }
    assert {name: signed.approved(forged) for name, forged in forgeries.items()} == {name: ["not proved"] for name in forgeries}
    again = [signed.carrying(signed.proof), entry(2, "a", "{}", ""), entry(3, "a", "", "{}", who=WHO, proof=proof_text(signed.proof))]
    assert signed.approved(*again) == ["ann, bob", "", "not proved"], "an approval is good for one time"
    late = dict(signed.carrying(signed.proof)) | {"id": "120000-0"}
    assert signed.approved(late) == ["not proved"], "it had expired by then"
    elsewhere = entry(1, "a", '{"until":5}', "{}", who=WHO, proof=proof_text(signed.proof))
    assert signed.approved(elsewhere)[-1] == "not proved", "it replaces something else than what both have seen"
    two = [signed.carrying(signed.proof), entry(1, "b", "", "{}", who=WHO)]
    assert signed.approved(*two) == ["not proved", "not proved"], "an entry slipped in beside the signed one"


def test_where_two_are_asked_for_what_widened_and_nobody_approved_says_so() -> None:
    signed = Signed()
    approvals = Approvals(widening=True, operators=signed.operators)
    changes = [signed.carrying(signed.proof), entry(2, "b", "", "{}"), entry(3, "a", "{}", "", what="grant.remove")]
    rows = account(changes, {}, approvals, partial(entry_widens, stages={}))
    assert [row["approved"] for row in rows if row["revision"]] == ["ann, bob", "nobody", ""]
