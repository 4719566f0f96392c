"""Lines of evidence: valid JSON on one line, whatever the caller wrote."""

import json
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.records import DecisionRecord, OutcomeRecord, encode, form_of, rfc3339
from gateway.policy.vocabulary import Reason

ANY_TEXT = st.text(st.characters())


def record(model: str = "gpt-5.6", **changes: object) -> DecisionRecord:
    fields: dict[str, object] = {
        "time": rfc3339(0),
        "decision_id": "d1",
        "request_id": "r1",
        "worker": "w0",
        "decision": "deny",
        "reasons": (Reason.ORG_MISSING, Reason.REGION_UNKNOWN),
        "rule": "stage:preview",
        "route": "openai.chat",
        "model": model,
        "model_id": "gpt-5.6",
        "stage": "preview",
        "issuer": "https://issuer.example",
        "organisation": "",
        "subject": "",
        "subject_key": "",
        "authority": "",
        "revision": 7,
        "digest": "abc",
        "location_source": "none",
    }
    return DecisionRecord(**{**fields, **changes})  # type: ignore[arg-type]  # a screenplay's shorthand


def test_a_record_is_one_line_of_json_with_reasons_in_words() -> None:
    line = encode(record())
    assert b"\n" not in line
    told = json.loads(line)
    assert told["reasons"] == ["org_missing", "region_unknown"]
    assert (told["phase"], told["version"], told["revision"]) == ("decision", 1, 7)


def test_an_outcome_says_which_decision_it_ended() -> None:
    told = json.loads(encode(OutcomeRecord(rfc3339(1), "d1", "r1", "w0", "cut", 200, 1.5, 4096, (Reason.TOKEN_REVOKED,), 8)))
    assert (told["phase"], told["decision_id"], told["ending"], told["reasons"]) == ("outcome", "d1", "cut", ["token_revoked"])


@given(ANY_TEXT)
def test_whatever_the_caller_named_fits_on_one_line(model: str) -> None:
    line = encode(record(model))
    assert not line.count(b"\n")
    told = json.loads(line)["model"]
    assert told == (model if model.isprintable() and model.isascii() else model.encode("utf-8", "backslashreplace").decode())


@given(st.floats(min_value=0, max_value=4e9))
def test_times_are_rfc_3339_in_utc(epoch: float) -> None:
    text = rfc3339(epoch)
    assert text.endswith("Z")
    assert len(text) == len("2026-11-24T12:00:00.000000Z")
    assert abs(datetime.fromisoformat(text).timestamp() - epoch) < 2e-6


def test_no_field_of_a_record_could_hold_an_attribute_of_the_person_or_the_content() -> None:
    names = " ".join(DecisionRecord.__struct_fields__ + OutcomeRecord.__struct_fields__)
    assert not any(word in names for word in ("national", "person", "residence", "country", "prompt", "completion", "token", "address"))


@given(st.floats(0, 4e9), st.text("0123456789abcdef", min_size=1))
def test_a_form_filled_in_is_the_record_itself(epoch: float, request_id: str) -> None:
    whole = record(time=rfc3339(epoch), decision_id=request_id, request_id=request_id)
    assert form_of(record()).line(epoch, request_id.encode()) == encode(whole)
