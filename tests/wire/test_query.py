"""A model named by the query: one parameter, one spelling, decoded once."""

import pytest

from gateway.policy.vocabulary import Reason
from gateway.wire.query import model_in_query
from gateway.wire.shape import Refused

STATEFUL = frozenset(("call_id", "session"))


@pytest.mark.parametrize(
    ("query", "model"),
    [
        (b"model=gpt-5.6", "gpt-5.6"),
        (b"intent=transcription&model=a", "a"),
        (b"model=provider%2Fa", "provider/a"),
        (b"model=a%2525", "a%25"),
        (b"model=mod%C3%A8le", "modèle"),
        (b"model=a&x=", "a"),
    ],
)
def test_the_one_parameter_is_read_and_decoded_once(query: bytes, model: str) -> None:
    assert model_in_query(query, STATEFUL) == model


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (b"", Reason.MODEL_UNRESOLVED),
        (b"intent=x", Reason.MODEL_UNRESOLVED),
        (b"model=a&model=b", Reason.MODEL_AMBIGUOUS),
        (b"model=a&model=a", Reason.MODEL_AMBIGUOUS),
        (b"model=a&Model=a", Reason.MODEL_AMBIGUOUS),
        (b"mod%65l=a", Reason.MODEL_AMBIGUOUS),
        (b"model=a&mod%65l=a", Reason.MODEL_AMBIGUOUS),
        (b"model=a&deployment=b", Reason.MODEL_AMBIGUOUS),
        (b"engine=a", Reason.MODEL_AMBIGUOUS),
        (b"x=1;model=a", Reason.MALFORMED_REQUEST),
        (b"model=a;b", Reason.MALFORMED_REQUEST),
        (b"model=a&call_id=1", Reason.ROUTE_NOT_ALLOWED),
        (b"model=a&Call-Id=1", Reason.ROUTE_NOT_ALLOWED),
    ],
)
def test_anything_else_is_refused(query: bytes, reason: Reason) -> None:
    refused = model_in_query(query, STATEFUL)
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize("query", [b"model", b"model=", b"model=%FF"])
def test_an_empty_or_unreadable_name_is_no_name(query: bytes) -> None:
    assert model_in_query(query, STATEFUL) == ""
