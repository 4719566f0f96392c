import pytest
from support.asked import BOUNDARY, form

from gateway.policy.vocabulary import Reason
from gateway.wire.form import Named, names_in_form
from gateway.wire.refused import Refused

NONE: frozenset[str] = frozenset()


def names(*fields: tuple[str, bytes], stateful: frozenset[str] = NONE) -> Named | Refused:
    return names_in_form(BOUNDARY, form(list(fields)), stateful)


def reason_of(*fields: tuple[str, bytes]) -> Reason | None:
    outcome = names(*fields)
    return outcome.reason if isinstance(outcome, Refused) else None


def test_one_text_field_names_the_model() -> None:
    assert names(("language", b"en"), ("model", b"whisper-1"), ("prompt", b"model=x")) == Named("whisper-1", [], stream=False)
    assert names(("model", b"gpt-4o-transcribe"), ("stream", b"true")) == Named("gpt-4o-transcribe", [], stream=True)
    assert names(("language", b"en")) == Named(None, [], stream=False)
    assert names(("model", b"\xff")) == Named("", [], stream=False)


def test_other_fields_that_name_models_are_told() -> None:
    assert names(("model", b"a"), ("engine", b"b"), ("models", b"")) == Named("a", ["b"], stream=False)
    assert names(("model", b"a"), ("options[model]", b"b"), ("extra[a][Model]", b"c")) == Named("a", ["b", "c"], stream=False)
    assert names(("model", b"a"), ("engine", b"\xff")) == Named("a", [None], stream=False)


@pytest.mark.parametrize("name", ["Model", "model[]", "MODEL", "mod-el", "mod.el", "model_"])
def test_a_name_that_only_resembles_it_is_refused(name: str) -> None:
    assert reason_of((name, b"b")) is Reason.MODEL_AMBIGUOUS
    assert reason_of(("model", b"a"), (name, b"b")) is Reason.MODEL_AMBIGUOUS


def test_a_field_twice_is_refused_and_a_list_is_not() -> None:
    assert reason_of(("model", b"a"), ("model", b"a")) is Reason.MODEL_AMBIGUOUS
    assert reason_of(("model", b"a"), ("language", b"en"), ("language", b"de")) is Reason.MALFORMED_REQUEST
    assert reason_of(("model", b"a"), ("include[]", b"x"), ("include[]", b"y")) is None


@pytest.mark.parametrize("name", ["file_id", "input_file_id", "prompt[id]", "fileId", "vector_store_ids", "conversation"])
def test_stored_objects_are_not_reached(name: str) -> None:
    assert reason_of(("model", b"a"), (name, b"hunter2")) is Reason.ROUTE_NOT_ALLOWED


def test_fields_that_this_route_refuses() -> None:
    for name in ("background", "Background"):
        outcome = names(("model", b"a"), (name, b"true"), stateful=frozenset(("background",)))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.ROUTE_NOT_ALLOWED


def test_another_charset_cannot_be_asked_for() -> None:
    assert reason_of(("_charset_", b"utf-7"), ("model", b"a")) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize("content_type", [b"text/plain; charset=utf-16", b"application/json", b"text/html", b"text/plain; charset=utf-7"])
def test_a_text_field_is_plain_text(content_type: bytes) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="model"\r\nContent-Type: '
    outcome = names_in_form(b"x", head + content_type + b"\r\n\r\na\r\n--x--", NONE)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.MALFORMED_REQUEST
    assert names_in_form(b"x", head + b"text/plain; charset=UTF-8\r\n\r\na\r\n--x--", NONE) == Named("a", [], stream=False)


def test_a_model_is_no_file() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="model"; filename=""\r\n\r\na\r\n--x--'
    outcome = names_in_form(b"x", body, NONE)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.MODEL_AMBIGUOUS
