"""What readers of other habits find in a request: each habit on its own."""

import gzip
import zlib
from functools import partial

import pytest

from gateway.probe.arrival import Arrival
from gateway.probe.readers import is_plain, who_reads
from gateway.probe.readers.spelling import names

F = "large-b"
packed = partial(gzip.compress, mtime=0)  # names of tests must not tell the time: two processes compare them


def arrived(
    body: bytes = b"", target: bytes = b"/v1/chat/completions", *headers: tuple[bytes, bytes], frames: tuple[bytes, ...] = ()
) -> Arrival:
    return Arrival(b"POST", target, headers, body, frames=list(frames))


@pytest.mark.parametrize(
    ("body", "reader"),
    [
        (b'{"model":"large-b"}', "JSON, last key wins"),
        (b'{"model":"large-b","model":"a"}', "JSON, first key wins"),
        (b'{"model":"a","Model":"large-b"}', "JSON, any spelling of the key"),
        (b'{"model":"a","models":["x",{"y":"large-b"}]}', "JSON, any spelling of the key"),
        (b'{"model":"a","x":[{"model":"large-b"}]}', "JSON, nested or in a list"),
        (b'{"model":"a"} {"model":"large-b"}', "JSON, a later document"),
        (b"{'model':'large-b',}", "JSON, scanned for the key"),
        (b'{"mod\\u0065l":"large-b"', "JSON, scanned for the key"),
        (b'\xef\xbb\xbf{"model":"large-b"}', "JSON, last key wins"),
        ('{"model":"large-b"}'.encode("utf-16"), "JSON, last key wins"),
        ('{"model":"large-b"}'.encode("utf-32-be"), "JSON, last key wins"),
        (b'{"model":NaN,"model":"large-b"}', "JSON, last key wins"),
        (b"[" * 100_000 + b'"model":"large-b"', "JSON, scanned for the key"),
        (packed(b'{"model":"large-b"}'), "gzip or zlib: JSON, last key wins"),
        (packed(b"{}") + packed(b'{"model":"large-b"}'), "gzip or zlib: JSON, last key wins"),
        (zlib.compress(b'{"model":"large-b"}', wbits=-15), "deflate: JSON, last key wins"),
        (packed(packed(b'{"model":"large-b"}')), "gzip or zlib: gzip or zlib: JSON, last key wins"),
    ],
)
def test_a_body_is_read_in_every_way(body: bytes, reader: str) -> None:
    assert reader in who_reads(arrived(body), F)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"model":"a","metadata":{"note":"large-b"},"messages":[{"content":"large-b"}]}', b"\xff\x00", b'{"a":1}' * 50]
)
def test_what_does_not_name_it_is_not_taken_to(body: bytes) -> None:
    assert who_reads(arrived(body), F) == []


@pytest.mark.parametrize(
    ("target", "plain"),
    [
        (b"/openai/deployments/large-b/x", True),
        (b"/v1beta/models/large-b:generateContent", True),
        (b"/model/large-b/invoke", True),
        (b"/openai/deployments/a/../large-b/x", False),
        (b"/openai/deployments/a/%252e%252e/large-b/x", False),
        (b"/openai/deployments/a%2f..%2flarge-b/x", True),
        (b"/openai/deployments/a/..;/large-b/x", False),
        (b"/openai/deployments/%6carge-b/x", True),
        (b"http://elsewhere/openai/deployments/large-b/x", True),
        (b"/x?model=large-b", False),
        (b"/x?a=1;MODEL=large-b", False),
        (b"/x?mod%65l=l%61rge-b", False),
    ],
)
def test_a_target_is_read_in_every_way(target: bytes, plain: bool) -> None:
    readers = who_reads(arrived(target=target), F)
    assert readers
    assert any(map(is_plain, readers)) is plain


@pytest.mark.parametrize(
    "header",
    [(b"X-Model", b"large-b"), (b"x_model", b"large-b"), (b"X-Original-URL", b"/openai/deployments/large-b/x"), (b"MODEL", b"large-b")],
)
def test_headers_are_read(header: tuple[bytes, bytes]) -> None:
    assert who_reads(arrived(b"", b"/x", header), F)


@pytest.mark.parametrize(
    "part",
    [
        b'content-disposition: form-data; name="model"\r\n\r\nlarge-b',
        b'Content-Disposition: form-data; name=Model; filename="x"\r\n\r\nlarge-b',
        b"content-disposition: form-data; name*=utf-8''mod%65l\r\n\r\nlarge-b",
        b'content-disposition: form-data;\n name="model[]"\n\nlarge-b',
    ],
)
def test_forms_are_read(part: bytes) -> None:
    body = b"--b\r\n" + part + b"\r\n--b--\r\n"
    readers = who_reads(arrived(body, b"/x", (b"content-type", b"multipart/form-data; boundary=b")), F)
    assert readers == ["a form's field" if b'"model"' in part or b"utf-8" in part else "a form's field in another spelling"]
    assert who_reads(arrived(b"model=large-b", b"/x", (b"content-type", b"application/x-www-form-urlencoded")), F)


def test_lines_of_files_are_read() -> None:
    line = b'{"body":{"model":"large-b"}}'
    body = b'--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n{"body":{"model":"a"}}\n' + line + b"\r\n--b--\r\n"
    assert "a line of a file, JSON, nested or in a list" in who_reads(arrived(body, b"/x", (b"content-type", b"multipart/form-data")), F)


def test_another_spelling_is_not_plain() -> None:
    assert not any(map(is_plain, who_reads(arrived(frames=(b'{"session":{"Model":"large-b"}}',)), F)))
    assert any(map(is_plain, who_reads(arrived(frames=(b'{"session":{"model":"large-b"}}',)), F)))


def test_frames_are_read_alone_and_together() -> None:
    assert who_reads(arrived(frames=(b'{"session":{"model":"large-b"}}',)), F) == ["a frame, JSON, nested or in a list"]
    assert who_reads(arrived(frames=(b'{"session":{"mod', b'el":"large-b"}}')), F)


@pytest.mark.parametrize(
    "value", ["large-b", "LARGE-B", "x/large-b", "large-b[1m]", " large-b\n", "l\u200barge-b", "\uff4carge-b", "%6carge-b", "large_b"]
)
def test_spellings_are_one_name(value: str) -> None:
    assert names(value, F)


@pytest.mark.parametrize("value", ["", "small-a", "large", "b-large"])
def test_other_names_are_others(value: str) -> None:
    assert not names(value, F)
