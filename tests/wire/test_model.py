"""Which model? Each line of the threat list: every place read, one strict parse, disagreement refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.asked import Asked, plain, read_both_ways

from gateway.policy.vocabulary import Reason
from gateway.wire.model import LONGEST_MODEL, Refused, Resolved, resolve
from gateway.wire.route import Content, ModelIn
from gateway.wire.routes import TABLE, Kind, Route, find

JSON = [(b"content-type", b"application/json")]
LINES = [(method, shape, route) for (method, shape), route in TABLE.items() if route.kind is Kind.INFERENCE]
BODY_ROUTES = [route for _, _, route in LINES if route.model_in is ModelIn.BODY and route.content is Content.JSON]


def route_of(path: str) -> Route:
    route = find(b"POST", path)
    assert route is not None
    return route


CHAT = route_of("/v1/chat/completions")


def ask(body: bytes, query: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None, route: Route = CHAT) -> Resolved | Refused:
    return read_both_ways(route, query, JSON if headers is None else headers, body)


def reason_of(outcome: Resolved | Refused | None) -> Reason | None:
    return outcome.reason if isinstance(outcome, Refused) else None


@pytest.mark.parametrize("route", BODY_ROUTES, ids=lambda route: route.name)
def test_the_model_of_the_body_is_the_model_of_the_request(route: Route) -> None:
    assert ask(b'{"model":"gpt-5.6","input":"hi"}', route=route) == Resolved("gpt-5.6", stream=False)
    assert ask(b' {"stream" : true , "model" : "gpt-5.6" }\r\n', route=route) == Resolved("gpt-5.6", stream=True)


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=[route.name for _, _, route in LINES])
def test_every_route_reads_the_model_where_it_has_it(method: bytes, shape: str, route: Route) -> None:
    assert plain(method, shape, route, "gpt-5.6").outcome() == Resolved("gpt-5.6", stream=route.streams)
    assert plain(method, shape, route, "gpt-5.6", {"stream": True}).outcome() == Resolved(
        "gpt-5.6", stream=route.streams or route.content is Content.JSON
    )


@pytest.mark.parametrize(("method", "shape", "route"), LINES, ids=[route.name for _, _, route in LINES])
def test_the_same_name_again_is_the_same_model(method: bytes, shape: str, route: Route) -> None:
    asked = plain(method, shape, route, "gpt-5.6", {"model": "gpt-5.6", "engine": "gpt-5.6"})
    again = structs.replace(asked, target=asked.target + b"?model=gpt-5.6", headers=[*asked.headers, (b"x-model", b"gpt-5.6")])
    assert again.outcome() == Resolved("gpt-5.6", stream=route.streams)


@pytest.mark.parametrize("route", BODY_ROUTES, ids=lambda route: route.name)
def test_no_route_lets_a_request_without_a_model_pass(route: Route) -> None:
    for body in (b"", b"{}", b'{"input":"hi"}', b'{"model":null}'):
        assert reason_of(ask(body, route=route)) is Reason.MODEL_UNRESOLVED
    assert reason_of(ask(b"null", route=route)) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    "model", [None, 1, 1.5, True, ["gpt"], {"id": "gpt"}, "", " ", " gpt", "gpt ", "a\nb", "a\0b", "\u202egpt", "x" * (LONGEST_MODEL + 1)]
)
def test_the_model_is_a_plain_name(model: object) -> None:
    assert reason_of(ask(json.dumps({"model": model}).encode())) is Reason.MODEL_UNRESOLVED


@pytest.mark.parametrize("model", ["gpt-5.6", "provider/model:tag@1", "claude-opus[1M]", "x" * LONGEST_MODEL, "modèle", "a b"])
def test_any_plain_name_is_read_exactly(model: str) -> None:
    for ascii_only in (True, False):
        assert ask(json.dumps({"model": model}, ensure_ascii=ascii_only).encode()) == Resolved(model, stream=False)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b'{"model":"a","model":"b"}', Reason.MODEL_AMBIGUOUS, id="duplicate key"),
        pytest.param(b'{"model":"a","model":"a"}', Reason.MODEL_AMBIGUOUS, id="duplicate key with one value"),
        pytest.param(b'{"model":"a","mod\\u0065l":"b"}', Reason.MODEL_AMBIGUOUS, id="duplicate by escape"),
        pytest.param(b'{"mod\\u0065l":"b"}', Reason.MODEL_AMBIGUOUS, id="escaped key alone"),
        pytest.param(b'{"\\u006D\\u006f\\u0064el" :"b"}', Reason.MODEL_AMBIGUOUS, id="escaped key in other cases"),
        pytest.param(b'{"model":"a","Model":"b"}', Reason.MODEL_AMBIGUOUS, id="case variant"),
        pytest.param(b'{"MODEL":"b"}', Reason.MODEL_AMBIGUOUS, id="case variant alone"),
        pytest.param(b'{"model":"a","Mod\\u0065L":"b"}', Reason.MODEL_AMBIGUOUS, id="escaped case variant"),
        pytest.param(b'{"model":"a","model ":"b"}', Reason.MODEL_AMBIGUOUS, id="key with a space"),
        pytest.param(b'{"model":"a","mod\\u0000el":"b"}', Reason.MODEL_AMBIGUOUS, id="key with NUL"),
        pytest.param('{"model":"a","mod\u200bel":"b"}'.encode(), Reason.MODEL_AMBIGUOUS, id="key with a hidden character"),
        pytest.param(b'{"model":"a","\\ufeffmodel":"b"}', Reason.MODEL_AMBIGUOUS, id="key with a byte order mark"),
        pytest.param(b'{"model":"a","models":["b"]}', Reason.MODEL_AMBIGUOUS, id="list of models"),
        pytest.param(b'{"model":"a","fallbacks":[{"model":"b"}]}', Reason.MODEL_AMBIGUOUS, id="fallback"),
        pytest.param(b'{"model":"a","engine":"b"}', Reason.MODEL_AMBIGUOUS, id="engine"),
        pytest.param(b'{"model":"a","tools":[{"type":"image_generation","model":"b"}]}', Reason.MODEL_AMBIGUOUS, id="tool with a model"),
        pytest.param(b'{"model":"a","x":1,"x":2}', Reason.MALFORMED_REQUEST, id="another duplicate key"),
        pytest.param(b'{"model":"a","stream":true,"stream":false}', Reason.MALFORMED_REQUEST, id="duplicate stream"),
        pytest.param(b'\xef\xbb\xbf{"model":"a"}', Reason.MALFORMED_REQUEST, id="byte order mark"),
        pytest.param('{"model":"a"}'.encode("utf-16"), Reason.MALFORMED_REQUEST, id="UTF-16"),
        pytest.param(b'{"model":"a","n":NaN}', Reason.MALFORMED_REQUEST, id="NaN"),
        pytest.param(b'{"model":"a","n":-Infinity}', Reason.MALFORMED_REQUEST, id="Infinity"),
        pytest.param(b'{"model":"a\\ud800"}', Reason.MALFORMED_REQUEST, id="lone surrogate"),
        pytest.param(b'{"model":"a","x":"\\udc00"}', Reason.MALFORMED_REQUEST, id="lone surrogate elsewhere"),
        pytest.param(b'{"model":"a"}{"model":"b"}', Reason.MALFORMED_REQUEST, id="trailing object"),
        pytest.param(b'{"model":"a"}\0', Reason.MALFORMED_REQUEST, id="trailing NUL"),
        pytest.param(b'{"model":"a",}', Reason.MALFORMED_REQUEST, id="trailing comma"),
        pytest.param(b'{"model":"\xff"}', Reason.MALFORMED_REQUEST, id="invalid UTF-8"),
        pytest.param(b'{"model":"a","x":"\xff"}', Reason.MALFORMED_REQUEST, id="invalid UTF-8 elsewhere"),
        pytest.param(b'{"model":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.MALFORMED_REQUEST, id="100,000 brackets"),
        pytest.param(b"[" * 100_000, Reason.MALFORMED_REQUEST, id="100,000 open brackets"),
        pytest.param(b'[{"model":"a"}]', Reason.MALFORMED_REQUEST, id="list"),
        pytest.param(b'{"model":"a"}\n{"model":"b"}', Reason.MALFORMED_REQUEST, id="JSON lines"),
        pytest.param(b"model=a", Reason.MALFORMED_REQUEST, id="form"),
        pytest.param(b"{'model':'a'}", Reason.MALFORMED_REQUEST, id="single quotes"),
        pytest.param(b'{"model":"a"/**/}', Reason.MALFORMED_REQUEST, id="comment"),
        pytest.param(b"\x1f\x8b\x08\x00", Reason.MALFORMED_REQUEST, id="compressed"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(body: bytes, reason: Reason) -> None:
    assert reason_of(ask(body)) is reason


def test_escapes_in_values_and_text_are_no_escaped_keys() -> None:
    body = b'{"model":"a","messages":[{"content":"\\"model\\": \\u003cb\\u003e, \\"mod\\\\u0065l\\":1"}]}'
    assert ask(body) == Resolved("a", stream=False)


@pytest.mark.parametrize("query", [b"model=b", b"x=1&Model=b", b"mod%65l=b", b"x;model=b", b"model=", b"model=a&model=b", b"deployment=b"])
def test_a_query_that_names_another_model_is_refused(query: bytes) -> None:
    assert reason_of(ask(b'{"model":"a"}', query)) is Reason.MODEL_AMBIGUOUS


def test_places_that_agree_are_one_model() -> None:
    assert ask(b'{"model":"a","engine":"a"}', b"model=a&beta=true", [*JSON, (b"x-model", b"a")]) == Resolved("a", stream=False)


def test_a_header_that_names_another_model_is_refused() -> None:
    for name in (b"x-model", b"model", b"x_model_name"):
        assert reason_of(ask(b'{"model":"a"}', headers=[*JSON, (name, b"b")])) is Reason.MODEL_AMBIGUOUS


def test_gemini_spells_in_bodies_what_its_paths_name() -> None:
    body = b'{"model":"models/gemini-3","generateContentRequest":{"model":"models/gemini-3","contents":[]}}'
    target = b"/v1beta/models/gemini-3:countTokens"
    assert Asked(b"POST", target, JSON, body).outcome() == Resolved("gemini-3", stream=False)
    assert reason_of(ask(b'{"model":"a","moderation":{"model":"models/a"}}')) is Reason.MODEL_AMBIGUOUS, "nobody else does"


def test_a_plain_route_names_itself_where_the_body_names_nothing() -> None:
    assert Asked(b"POST", b"/generate", JSON, b'{"inputs":"hi","model":null}').outcome() == Resolved("/generate", stream=False)
    assert Asked(b"POST", b"/generate_stream", JSON, b'{"inputs":"hi"}').outcome() == Resolved("/generate_stream", stream=True)
    assert Asked(b"POST", b"/tokenize", JSON, b'{"prompt":"hi","model":"a"}').outcome() == Resolved("a", stream=False)
    adapter = Asked(b"POST", b"/generate", JSON, b'{"inputs":"hi","parameters":{"adapter_id":"b"}}').outcome()
    assert reason_of(adapter) is Reason.MODEL_UNRESOLVED


def test_a_path_without_the_path_is_no_model() -> None:
    route = find(b"POST", "/model/a/invoke")
    assert route is not None
    assert reason_of(resolve(route, b"", JSON, b"{}")) is Reason.MODEL_UNRESOLVED


@pytest.mark.parametrize("query", [b"key=a.b.c", b"alt=sse&key=x", b"api%5Fkey=x", b"access_token=x", b"a;Key=x", b"subscription-key=x"])
def test_a_credential_in_the_query_is_refused_not_forwarded(query: bytes) -> None:
    outcome = ask(b'{"model":"a"}', query)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.detail) == (Reason.MALFORMED_REQUEST, "a credential in the query; send it as a header")


@pytest.mark.parametrize("query", [b"_method=DELETE", b"$httpMethod=DELETE", b"x-http-method-override=PUT"])
def test_a_query_that_makes_another_request_of_it_is_refused(query: bytes) -> None:
    assert reason_of(ask(b'{"model":"a"}', query)) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd", b"unknown"])
def test_an_encoded_body_is_never_forwarded_unread(encoding: bytes) -> None:
    assert reason_of(ask(b'{"model":"a"}', headers=[*JSON, (b"content-encoding", encoding)])) is Reason.MALFORMED_REQUEST


def test_a_route_is_read_by_route_and_not_by_header() -> None:
    assert ask(b'{"model":"a"}', headers=[]) == Resolved("a", stream=False)
    # As a form, the same bytes would name another model.
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    assert reason_of(ask(b'{"model":"a","x":"&model=b&"}', headers=form)) is Reason.MALFORMED_REQUEST


RESPONSES = route_of("/v1/responses")
MESSAGES = route_of("/v1/messages")


@pytest.mark.parametrize(
    ("route", "field", "value"),
    [
        (RESPONSES, "background", True),
        (RESPONSES, "background", "true"),
        (RESPONSES, "background", 1),
        (RESPONSES, "agent", {"type": "agent_reference", "name": "somebodys"}),
        (RESPONSES, "agent_reference", {"type": "agent_reference", "name": "somebodys"}),
        (RESPONSES, "AgentReference", {"name": "somebodys"}),
        (RESPONSES, "Background", True),
        (RESPONSES, "BACKGROUND", "true"),
        (RESPONSES, "bac\u212aground", True),
        (RESPONSES, "back_ground", True),
        (RESPONSES, "Input", [{"id": "msg_1"}]),
        (RESPONSES, "ITEMS", [{"id": "msg_1"}]),
        (RESPONSES, "previous_response_id", "resp_1"),
        (RESPONSES, "conversation", {"id": "conv_1"}),
        (MESSAGES, "thread", {"id": "thread_1"}),
        (MESSAGES, "container", "container_1"),
    ],
)
def test_state_beyond_the_request_is_not_reached(route: Route, field: str, value: object) -> None:
    for spaced in (None, (",", ":")):
        body = json.dumps({"model": "a", field: value}, separators=spaced, ensure_ascii=spaced is None).encode()
        assert reason_of(ask(body, route=route)) is Reason.ROUTE_NOT_ALLOWED


@pytest.mark.parametrize(
    "more",
    [{"options": {"wait_for_model": True, "use_cache": False}}, {"return_model": True}, {"echo_models": 1}, {"x": [{"with_model": 0.5}]}],
    ids=str,
)
def test_a_switch_or_number_names_no_model(more: dict[str, Any]) -> None:
    assert ask(json.dumps({"model": "a", **more}).encode()) == Resolved("a", stream=False)


@pytest.mark.parametrize(
    "more",
    [{"fallback": True}, {"models": 1}, {"x": {"model": True}}, {"draft_model": ["b"]}, {"y": {"z_model": {}}, "z_models": {"b": 1}}],
)
def test_but_what_is_known_to_choose_models_does_not_agree(more: dict[str, Any]) -> None:
    assert reason_of(ask(json.dumps({"model": "a", **more}).encode())) is Reason.MODEL_AMBIGUOUS


def test_state_that_is_not_asked_for_is_no_state() -> None:
    body = b'{"model":"a","background":false,"previous_response_id":null,"conversation":null,"store":true}'
    assert ask(body, route=RESPONSES) == Resolved("a", stream=False)
    assert ask(b'{"model":"a","background":"transparent"}', route=route_of("/v1/images/generations")) == Resolved("a", stream=False)


def test_a_refusal_quotes_nothing_that_was_sent() -> None:
    for body in (b'{"hunter2":1,"hunter2":2,"model":"a"}', b'{"model":"hunter2\\n"}', b'{"model":"a","engine":"hunter2"}', b'{"hunter2'):
        outcome = ask(body)
        assert isinstance(outcome, Refused)
        assert "hunter" not in outcome.detail


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


key_pieces = st.lists(st.sampled_from(["m", "o", "d", "e", "l", "M", "E", "\\u0065", "\\u004d", " ", "s", "\\u0000"]), max_size=6).map(
    "".join
)
keys = key_pieces | st.sampled_from(["model", "mod\\u0065l", "Model", "tools", "stream", "x"])
member_values = st.sampled_from(['"a"', '"b"', "null", "true", '{"model":"b"}', '["b"]', '[{"model":"a"}]', "1", '"\\u0061"'])


@given(st.lists(st.tuples(keys, member_values), max_size=5), st.sampled_from(["", " ", "\n"]))
def test_whatever_is_resolved_every_reader_reads_alike(pairs: list[tuple[str, str]], space: str) -> None:
    body = ("{" + ("," + space).join(f'"{key}"{space}:{value}' for key, value in pairs) + "}").encode()
    outcome = ask(body)
    if isinstance(outcome, Refused):
        return
    readers: list[Any] = [json.loads(body), json.loads(body, object_pairs_hook=first_wins)]
    assert {reader["model"] for reader in readers} == {outcome.model}
    folded = [key for key in readers[0] if "".join(filter(str.isalnum, key)).lower() == "model"]
    assert folded == ["model"], "nothing that a reader without regard to case could take instead"
    assert body.count(b'"model"') - body.count(b'{"model"', 1) == 1


@given(
    st.binary(max_size=200),
    st.binary(max_size=20),
    st.lists(st.tuples(st.sampled_from([b"content-type", b"x-model"]), st.binary()), max_size=2),
)
def test_it_never_raises(body: bytes, query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    assert isinstance(ask(body, query, headers), Resolved | Refused)


def test_a_large_body_is_read_in_place() -> None:
    body = b'{"model":"a","messages":[{"content":"' + b"x" * 30_000_000 + b'"}],"stream":true}'
    assert ask(body) == Resolved("a", stream=True)


@pytest.mark.parametrize("query", [b"previous_response_id=resp_1", b"File-Id=f", b"a=b;conversation=c", b"background=1", b"pr%6fmpt=p"])
def test_a_parameter_that_some_servers_take_for_a_field_refers_to_nothing(query: bytes) -> None:
    route = find(b"POST", "/v1/responses")
    assert route is not None
    outcome = resolve(route, query, [(b"content-type", b"application/json")], b'{"model":"m","input":"?"}')
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.ROUTE_NOT_ALLOWED
