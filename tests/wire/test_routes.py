"""A request is in the table, or it is refused."""

import pytest

from gateway.wire.paths import canonical
from gateway.wire.routes import TABLE, Dialect, Kind, ModelIn, dialect_of, find, item_name


def test_every_line_of_the_table_is_found_and_canonical() -> None:
    for (method, path), route in TABLE.items():
        assert find(method, path) is route
        assert canonical(path.encode()) == (path, b"")
        assert (route.model_in is ModelIn.BODY) == (route.kind is Kind.INFERENCE)
        assert (route.model_in is ModelIn.QUERY) == (route.kind is Kind.REALTIME)


def test_names_of_routes_are_a_closed_set() -> None:
    names = [route.name for route in TABLE.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (b"GET", "/v1/chat/completions"),
        (b"post", "/v1/chat/completions"),
        (b"HEAD", "/v1/models"),
        (b"DELETE", "/v1/models/a"),
        (b"POST", "/v1/models/a"),
        (b"GET", "/v1/models/"),
        (b"POST", "/v1/chat/completions/"),
        (b"POST", "/V1/chat/completions"),
        (b"POST", "/v1/chat/completions "),
        (b"POST", "/chat/completions"),
        (b"POST", "/v1/batches"),
        (b"POST", "/v1/files"),
        (b"GET", "/v1/responses/resp_1"),
        (b"POST", "/v1/messages/batches"),
        (b"GET", "/healthz"),
        (b"GET", "/"),
    ],
)
def test_anything_else_has_no_route(method: bytes, path: str) -> None:
    assert find(method, path) is None


@pytest.mark.parametrize("name", ["gpt-5.6", "provider/model", "ft:gpt:acme"])
def test_one_model_of_the_catalogue_is_named_by_the_path(name: str) -> None:
    route = find(b"GET", f"/v1/models/{name}")
    assert route is not None
    assert route.kind is Kind.CATALOGUE_ITEM
    assert item_name(f"/v1/models/{name}") == name


def test_the_dialect_is_the_routes_own_or_the_one_that_the_caller_speaks() -> None:
    anthropic_version = [(b"anthropic-version", b"2023-06-01")]
    assert dialect_of(find(b"POST", "/v1/messages"), []) is Dialect.ANTHROPIC
    assert dialect_of(find(b"POST", "/v1/responses"), anthropic_version) is Dialect.OPENAI
    for shared in (find(b"GET", "/v1/models"), find(b"GET", "/v1/models/a"), None):
        assert dialect_of(shared, anthropic_version) is Dialect.ANTHROPIC
        assert dialect_of(shared, []) is Dialect.OPENAI
