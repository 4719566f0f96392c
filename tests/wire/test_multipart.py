"""A form is read as every reader reads it, or refused: compared with the readers of Python's own library and of aiohttp."""

import asyncio
from email import policy
from email.parser import BytesParser

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.multipart import LONGEST_HEAD, MOST_PARTS, Part, boundary_of, read_form

FIELD = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: audio/wav\r\n\r\n%b\r\n'
END = b"--b--\r\n"


def contents(body: bytes, boundary: bytes = b"b") -> list[tuple[str, bool, bytes]] | str:
    parts = read_form(boundary, body)
    return parts if isinstance(parts, str) else [(part.name, part.is_file, body[part.start : part.end]) for part in parts]


def test_fields_and_files_are_read_in_order() -> None:
    body = (
        FIELD % (b"model", b"gpt-5.6") + FILE % (b'a "b.wav'.replace(b'"', b"%22"), b"RIFF\0\r\n\r\n--a\xff") + FIELD % (b"x[]", b"") + END
    )
    assert contents(body) == [("model", False, b"gpt-5.6"), ("file", True, b"RIFF\0\r\n\r\n--a\xff"), ("x[]", False, b"")]
    assert contents(body.removesuffix(b"\r\n")) == contents(body)
    assert contents(END) == []


def test_what_clients_send_besides_is_read() -> None:
    head = b'content-disposition: form-data; name="a"\r\nContent-Type: Text/Plain\r\ncontent-length: 1\r\nContent-Transfer-Encoding: binary'
    body = b"--b\r\n" + head + b"\r\n\r\nx\r\n" + END
    parts = read_form(b"b", body)
    assert isinstance(parts, list)
    assert parts[0].content_type == b"text/plain"


PLAIN = FIELD % (b"model", b"a")
HEAD = b'Content-Disposition: form-data; name="model"'


def part(head: bytes, content: bytes = b"b") -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\r\n" + PLAIN + END, id="a line end first"),
        pytest.param(b"preamble\r\n" + PLAIN + END, id="text first"),
        pytest.param(PLAIN + END + b"epilogue", id="text last"),
        pytest.param(PLAIN + END + PLAIN + END, id="a form after the form"),
        pytest.param(PLAIN + b"--b-\r\n", id="half an end"),
        pytest.param(PLAIN + b"--b --\r\n", id="a space before the end"),
        pytest.param(b"--b \r\n" + HEAD + b"\r\n\r\na\r\n" + END, id="a space after a boundary"),
        pytest.param((PLAIN + END).replace(b"\r\n", b"\n"), id="bare line feeds"),
        pytest.param((PLAIN + END).replace(b"\r\n", b"\r"), id="bare carriage returns"),
        pytest.param(part(HEAD, b"a\n--b\n" + HEAD + b"\n\nb"), id="a boundary after a bare line feed"),
        pytest.param(part(HEAD, b"a--b"), id="a boundary within a line"),
        pytest.param(part(HEAD, b"a\r\n--bb\r\n"), id="a boundary that begins another"),
        pytest.param(part(HEAD, b"a\r\n--b\tx"), id="a boundary with a tail"),
        pytest.param(b"--b\r\n" + HEAD + b"\r\n--b--", id="no blank line"),
        pytest.param(b"--b\r\n\r\na\r\n" + END, id="no head"),
        pytest.param(part(HEAD + b"\r\n" + HEAD), id="a field twice"),
        pytest.param(part(HEAD + b"\r\n folded"), id="a folded line"),
        pytest.param(part(HEAD + b"\nX: y"), id="a bare line feed in the head"),
        pytest.param(part(b"X: y\r\n" + HEAD), id="an unknown field"),
        pytest.param(part(b"Content-Disposition : form-data; name=model"), id="a space before the colon"),
        pytest.param(part(b'Content-Disposition: form-data; name="model\x00"'), id="NUL in a name"),
        pytest.param(part(b'Content-Disposition: attachment; name="model"'), id="not form-data"),
        pytest.param(part(b"Content-Disposition: form-data"), id="no name"),
        pytest.param(part(b'Content-Disposition: form-data; name=""'), id="an empty name"),
        pytest.param(part(b"Content-Disposition: form-data; name=model"), id="no quotes"),
        pytest.param(part(b"Content-Disposition: form-data; name='model'"), id="single quotes"),
        pytest.param(part(b'Content-Disposition: form-data; name="model'), id="an open quote"),
        pytest.param(part(b'Content-Disposition: form-data; name="mo\\del"'), id="a backslash"),
        pytest.param(part(b'Content-Disposition: form-data; name="mod%65l"'), id="an escape"),
        pytest.param(part('Content-Disposition: form-data; name="mödel"'.encode()), id="a letter beyond ASCII"),
        pytest.param(part(b"Content-Disposition: form-data; name*=utf-8''model"), id="an extended name"),
        pytest.param(part(HEAD + b"; name*=utf-8''x"), id="a name and an extended name"),
        pytest.param(part(HEAD + b"; filename*=utf-8''x"), id="an extended file name"),
        pytest.param(part(HEAD + b'; name="x"'), id="two names"),
        pytest.param(part(HEAD + b'; Name="x"'), id="two names of different cases"),
        pytest.param(part(HEAD + b"; x"), id="an unknown parameter"),
        pytest.param(part(HEAD + b"\r\nContent-Type: multipart/mixed; boundary=c"), id="a form within"),
        pytest.param(part(HEAD + b"\r\nContent-Transfer-Encoding: base64", b"Yg=="), id="base64"),
        pytest.param(part(HEAD + b"\r\nContent-Length: 3"), id="a wrong length"),
        pytest.param(part(HEAD + b'; filename="' + b"x" * LONGEST_HEAD + b'"'), id="an endless head"),
        pytest.param(PLAIN * (MOST_PARTS + 1) + END, id="endless parts"),
    ],
)
def test_what_readers_could_read_otherwise_is_refused(body: bytes) -> None:
    assert isinstance(contents(body), str)
    assert isinstance(contents(body + END), str)


@pytest.mark.parametrize("body", [b"", PLAIN, PLAIN + b"--b", PLAIN + b"--b-", PLAIN.removesuffix(b"\r\n")])
def test_a_form_that_does_not_end_is_refused(body: bytes) -> None:
    assert isinstance(contents(body), str)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (b"multipart/form-data; boundary=b", b"b"),
        (b"Multipart/Form-Data;Boundary=b", b"b"),
        (b'multipart/form-data; boundary="b:1/2"', b"b:1/2"),
        (b"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", b"----WebKitFormBoundary7MA4YWxkTrZu0gW"),
        (b"multipart/form-data; boundary=" + b"x" * 70, b"x" * 70),
        (b"multipart/form-data; boundary=" + b"x" * 71, None),
        (b"multipart/form-data; boundary=", None),
        (b'multipart/form-data; boundary=""', None),
        (b"multipart/form-data; boundary=a b", None),
        (b'multipart/form-data; boundary="a b"', None),
        (b"multipart/form-data; boundary=a/b", None),
        (b"multipart/form-data; boundary=a; boundary=b", None),
        (b"multipart/form-data; boundary=a; charset=utf-8", None),
        (b"multipart/form-data; charset=utf-8; boundary=a", None),
        (b"multipart/form-data; boundary=a, multipart/form-data; boundary=b", None),
        (b"multipart/form-data; boundary*=utf-8''a", None),
        (b'multipart/form-data; boundary="a\\b"', None),
        (b"multipart/form-data", None),
        (b"multipart/mixed; boundary=a", None),
        (b"application/json; boundary=a", None),
        (b"", None),
    ],
)
def test_one_plain_boundary(content_type: bytes, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


def by_email(body: bytes) -> list[tuple[str | None, bool, bytes]]:
    message = BytesParser(policy=policy.HTTP).parsebytes(b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + body)
    found = []
    for each in message.iter_parts():
        content = each.get_payload(decode=True)
        assert isinstance(content, bytes)
        named = each["content-disposition"].params
        found.append((named.get("name"), "filename" in named, content))
    return found


async def by_aiohttp(body: bytes) -> list[tuple[str | None, bool, bytes]]:
    stream = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
    stream.feed_data(body)
    stream.feed_eof()
    reader = aiohttp.MultipartReader({"Content-Type": "multipart/form-data; boundary=b"}, stream)
    found = []
    while (each := await reader.next()) is not None:
        assert isinstance(each, aiohttp.BodyPartReader)
        found.append((each.name, each.filename is not None, bytes(await each.read())))
    return found


names = st.sampled_from([b"model", b"x", b"a[]", b"file"])
texts = st.lists(st.sampled_from([b"a", b"--", b"b", b"\r", b"\n", b"-", b" ", b'"', b";", b":", b"=", b"\r\n", b"--c"]), max_size=6).map(
    b"".join
)
pieces = st.lists(st.one_of(st.builds(lambda n, t: FIELD % (n, t), names, texts), st.builds(lambda t: FILE % (b"f", t), texts)), max_size=4)


@given(pieces)
@settings(max_examples=150)
def test_other_readers_read_the_same(parts: list[bytes]) -> None:
    body = b"".join(parts) + END
    found = contents(body)
    if isinstance(found, str) or not found:
        return
    assert asyncio.run(by_aiohttp(body)) == found
    if b"\r" not in b"".join(content.replace(b"\r\n", b"") for _, _, content in found):  # it takes a bare carriage return for a line end
        assert by_email(body) == found


marks = [
    b"--b",
    b"\r\n",
    b"\n",
    b"--",
    b"Content-Disposition: form-data",
    b'; name="model"',
    b'; filename="x"',
    b"\r\n\r\n",
    b"a",
    b" ",
    b"b",
    b'"',
]


@given(st.lists(st.sampled_from(marks), max_size=14).map(b"".join))
def test_any_arrangement_is_read_alike_or_refused(tail: bytes) -> None:
    body = PLAIN + tail + END
    found = contents(body)
    if isinstance(found, str):
        return
    assert by_email(body) == found
    assert asyncio.run(by_aiohttp(body)) == found


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=5))
def test_it_never_raises(body: bytes, boundary: bytes) -> None:
    assert isinstance(read_form(boundary, b"--" + boundary + body), list | str)


def test_time_is_linear_in_the_size() -> None:
    body = FILE % (b"x", b"--a" * 5_000_000) + END
    parts = read_form(b"b", body)
    assert isinstance(parts, list)
    assert isinstance(parts[0], Part)
