"""A request is in the table, or it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.names import PLAIN_ROUTES
from gateway.wire.paths import canonical
from gateway.wire.route import Content
from gateway.wire.routes import TABLE, Dialect, Kind, ModelIn, dialect_of, find, path_model, read_lines

LINES = [pytest.param(method, shape, route, id=f"{method.decode()} {shape}") for (method, shape), route in TABLE.items()]


def filled(shape: str, model: str = "gpt-5.6") -> str:
    """Put names into the slots of a shape."""
    for slot in ("{model...}", "{model}"):
        shape = shape.replace(slot, model)
    return "/".join("thing_1" if segment.startswith("{") else segment for segment in shape.split("/"))


@pytest.mark.parametrize(("method", "shape", "route"), LINES)
def test_every_line_is_found_by_a_path_of_its_shape(method: bytes, shape: str, route: object) -> None:
    path = filled(shape)
    assert canonical(path.encode()) == (path, b"")
    assert find(method, path) is route


def test_what_a_route_does_and_where_its_model_is_go_together() -> None:
    for (method, shape), route in TABLE.items():
        if route.kind is Kind.INFERENCE:
            assert method == b"POST"
            assert route.model_in in {ModelIn.BODY, ModelIn.PATH, ModelIn.ROUTE}
        assert (route.model_in is ModelIn.QUERY) == (route.kind is Kind.REALTIME)
        assert (route.model_in is ModelIn.PATH) <= bool(route.slot), shape
        assert path_model(route, filled(shape, "gpt-5.6")) == ("gpt-5.6" if route.slot else "")
        assert (route.content is Content.FORM) <= (route.kind is Kind.INFERENCE)


def test_names_of_routes_are_a_closed_set_and_mean_one_thing() -> None:
    meanings = {(route.name, route.kind) for route in TABLE.values()}
    assert len({name for name, _ in meanings}) == len(meanings)
    inference = [route.name for route in TABLE.values() if route.kind in {Kind.INFERENCE, Kind.REALTIME}]
    assert len(set(inference)) == len(inference)


@pytest.mark.parametrize("dialect", Dialect)
def test_every_dialect_runs_models(dialect: Dialect) -> None:
    assert any(route.dialect is dialect and route.kind is Kind.INFERENCE for route in TABLE.values())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (b"GET", "/v1/embeddings"),
        (b"post", "/v1/chat/completions"),
        (b"HEAD", "/v1/models"),
        (b"OPTIONS", "/v1/chat/completions"),
        (b"POST", "/v1/models/a"),
        (b"GET", "/v1/models/"),
        (b"GET", "/v1/models/a/"),
        (b"POST", "/v1/chat/completions/"),
        (b"POST", "/V1/chat/completions"),
        (b"POST", "/v1/chat/completions "),
        (b"POST", "/chat/completions"),
        (b"POST", "/v2/messages"),
        (b"POST", "/v1/models/a:unheardOf"),
        (b"POST", "/v1/models/:generateContent"),
        (b"POST", "/v1beta/models/a:b:generateContent"),
        (b"POST", "/v1beta/models/a/b:generateContent"),
        (b"POST", "/v1beta/models/a:generateContent/"),
        (b"POST", "/v1beta/models/a:generatecontent"),
        (b"GET", "/v1beta/models/a:generateContent"),
        (b"POST", "/v1beta/tunedModels/a:generateContent"),
        (b"POST", "/openai/deployments//chat/completions"),
        (b"POST", "/openai/deployments/a/b/chat/completions"),
        (b"POST", "/model//invoke"),
        (b"POST", "/model/a/b/invoke"),
        (b"POST", "/model/a/invoke-with-bidirectional-stream"),
        (b"GET", "/healthz"),
        (b"GET", "/metrics"),
        (b"GET", "/"),
    ],
)
def test_anything_else_has_no_route(method: bytes, path: str) -> None:
    assert find(method, path) is None


@given(st.sampled_from([b"GET", b"POST"]), st.lists(st.text(max_size=8), max_size=20).map("/".join))
def test_any_path_can_be_asked_for(method: bytes, path: str) -> None:
    assert find(method, "/unheard/of/" + path) is None


@pytest.mark.parametrize("name", ["gpt-5.6", "provider/model", "ft:gpt:acme"])
def test_one_model_of_the_catalogue_is_named_by_the_path(name: str) -> None:
    route = find(b"GET", f"/v1/models/{name}")
    assert route is not None
    assert route.kind is Kind.CATALOGUE_ITEM
    assert path_model(route, f"/v1/models/{name}") == name


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/openai/deployments/gpt-5.6/chat/completions", "gpt-5.6"),
        ("/v1beta/models/gemini-3-pro:streamGenerateContent", "gemini-3-pro"),
        ("/model/anthropic.claude-opus-v1:0/converse", "anthropic.claude-opus-v1:0"),
    ],
)
def test_a_model_is_named_by_one_segment(path: str, model: str) -> None:
    route = find(b"POST", path)
    assert route is not None
    assert path_model(route, path) == model


def test_stored_objects_are_known_and_no_inference() -> None:
    for method, path in (
        (b"POST", "/v1/files"),
        (b"POST", "/v1/batches"),
        (b"GET", "/v1/responses/resp_1"),
        (b"POST", "/v1/messages/batches"),
        (b"DELETE", "/v1/models/ft:gpt"),
        (b"POST", "/v1/threads/thread_1/runs"),
        (b"POST", "/v1beta/models/a:batchGenerateContent"),
        (b"POST", "/async-invoke"),
    ):
        route = find(method, path)
        assert route is not None
        assert route.kind is Kind.STATEFUL


def test_the_dialect_is_the_routes_own_or_the_one_that_the_caller_speaks() -> None:
    spoken = {
        Dialect.ANTHROPIC: [(b"anthropic-version", b"2023-06-01")],
        Dialect.GEMINI: [(b"x-goog-api-client", b"google-genai-sdk/3")],
        Dialect.COHERE: [(b"x-fern-sdk-name", b"cohere")],
        Dialect.OPENAI: [(b"x-fern-sdk-name", b"another")],
    }
    for dialect, headers in spoken.items():
        assert dialect_of(find(b"POST", "/v1/messages"), headers) is Dialect.ANTHROPIC
        assert dialect_of(find(b"POST", "/v1/responses"), headers) is Dialect.OPENAI
        assert dialect_of(find(b"GET", "/v1beta/models"), headers) is Dialect.GEMINI
        for shared in (find(b"GET", "/v1/models"), find(b"GET", "/v1/models/a"), find(b"POST", "/v1/files"), None):
            assert dialect_of(shared, headers) is dialect


@pytest.mark.parametrize(
    "line",
    [
        "inference x POST /v1/x",
        "unheard-of x POST /v1/x body",
        "inference x POST /v1/x somewhere",
        "inference x POST /v1/x path",
        "inference x POST /v1/x body straems",
    ],
)
def test_a_line_that_says_what_is_not_known_is_an_error(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        list(read_lines(Dialect.OPENAI, line))


def test_routes_that_a_model_can_be_bound_to_are_those_that_may_name_none() -> None:
    assert set(PLAIN_ROUTES) == {shape for (_, shape), route in TABLE.items() if route.model_in is ModelIn.ROUTE}
