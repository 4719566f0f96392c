"""Which ids an answer gives."""

import pytest

from gateway.wire.yielding import ids_given, ids_streamed, is_denied

CREATED = b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp-1","object":"response"}}\n\n'


@pytest.mark.parametrize(
    ("body", "places", "ids"),
    [
        (b'{"id":"file-1"}', ("id",), ("file-1",)),
        (b'{"id":"upload-1","file":{"id":"file-1"}}', ("file.id",), ("file-1",)),
        (b'{"output_file_id":"file-2","error_file_id":null}', ("output_file_id?", "error_file_id?"), ("file-2",)),
        (b"{}", ("output_file_id?",), ()),
        (b"{}", ("id",), None),
        (b'{"id":null}', ("id",), None),
        (b'{"id":7}', ("id",), None),
        (b'{"id":"a b"}', ("id",), None),
        (b'{"output_file_id":7}', ("output_file_id?",), None),
        (b'[{"id":"file-1"}]', ("id",), None),
        (b"", ("id",), None),
        (b"\x1f\x8b\x08", ("id",), None),
    ],
)
def test_of_a_whole_answer(body: bytes, places: tuple[str, ...], ids: tuple[str, ...] | None) -> None:
    assert ids_given(body, places) == ids


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_of_a_stream_once_the_event_that_names_it_is_whole(end: bytes) -> None:
    event = CREATED.replace(b"\n", end)
    for length in range(len(event) - len(end)):
        assert ids_streamed(event[:length], ("id",)) is None
    assert ids_streamed(event, ("id",)) == ("resp-1",)


def test_of_a_stream_that_begins_with_something_else() -> None:
    assert ids_streamed(b": hello\n\ndata: [DONE]\n\n" + CREATED, ("id",)) == ("resp-1",)
    assert ids_streamed(b'event: thread.run.created\ndata: {"id":"run-1",\ndata: "object":"thread.run"}\n\n', ("id",)) == ("run-1",)


@pytest.mark.parametrize(("body", "denied"), [(b'{"deleted":false}', True), (b'{"deleted":true}', False), (b"", False), (b"{}", False)])
def test_a_deletion_that_was_none(body: bytes, denied: bool) -> None:
    assert is_denied(body) is denied
