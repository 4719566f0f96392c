"""Message heads, written afresh: bytes as received never reach the other side, and there is exactly one framing field."""

from http import HTTPStatus
from typing import Final

from msgspec import Struct

from gateway.proxy.link import ResponseHead
from gateway.proxy.request import Request
from gateway.proxy.upstream import Endpoint
from gateway.wire.headers import forwardable_request, forwardable_response

STATUS_LINES: Final = {status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}
OURS_TO_WRITE: Final = frozenset((b"via", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"))


class Trail(Struct, gc=False):
    """What the gate adds to a request: its id, the client's address as established, the scheme that the client used."""

    request_id: bytes
    forwarded_for: bytes
    scheme: bytes
    traceparent: bytes


def request_head(request: Request, endpoint: Endpoint, credential: tuple[bytes, bytes] | None, trail: Trail) -> bytes:
    """Head of the request as it goes upstream: same method and target, our credential in place of the caller's."""
    envelope = request.envelope
    if envelope is None:
        raise ValueError("a request without an envelope was never judged")
    lines = [envelope.method + b" " + endpoint.base_path + envelope.target + b" HTTP/1.1", b"host: " + endpoint.host_header]
    traced = False
    for name, value in forwardable_request(envelope.headers, OURS_TO_WRITE):
        if (credential is not None and name == credential[0]) or (request.stream and name == b"accept-encoding"):
            continue  # a compressed event stream could not be told why it is cut
        traced = traced or name == b"traceparent"
        lines.append(name + b": " + value)
    if credential is not None:
        lines.append(credential[0] + b": " + credential[1])
    lines.append(b"via: 1.1 gateway\r\nx-request-id: " + trail.request_id)
    lines.append(b"x-forwarded-for: " + trail.forwarded_for + b"\r\nx-forwarded-proto: " + trail.scheme)
    if host := envelope.header(b"host"):
        lines.append(b"x-forwarded-host: " + host)
    if not traced:
        lines.append(b"traceparent: " + trail.traceparent)
    if request.size or envelope.method in (b"POST", b"PUT", b"PATCH"):
        lines.append(b"content-length: %d" % request.size)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def response_head(head: ResponseHead, marks: bytes, *, chunked: bool, keep: bool) -> bytes:
    """Head of the answer as it goes to the caller; `marks` are the gate's own fields, each line ended."""
    lines = [STATUS_LINES.get(head.status) or b"HTTP/1.1 %d \r\n" % head.status]
    lines += field_lines(head)
    lines.append(marks)
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif head.framing == "length":
        lines.append(b"content-length: " + head.length + b"\r\n")
    lines.append(b"via: 1.1 gateway\r\n\r\n" if keep else b"via: 1.1 gateway\r\nconnection: close\r\n\r\n")
    return b"".join(lines)


def field_lines(head: ResponseHead) -> list[bytes]:
    """Fields of the upstream's answer that go to the caller, each a line."""
    return [
        (b"x-upstream-request-id: " if name == b"x-request-id" else name + b": ") + value + b"\r\n"
        for name, value in forwardable_response(head.headers)
    ]


def local_head(status: int, headers: list[tuple[bytes, bytes]], length: int, *, keep: bool) -> bytes:
    """Head of an answer that the gate gives itself."""
    lines = [STATUS_LINES[status]]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    lines.append(b"content-length: %d\r\n" % length)
    lines.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
    return b"".join(lines)


def upgrade_head(request: Request, endpoint: Endpoint, credential: tuple[bytes, bytes] | None, trail: Trail, key: bytes) -> bytes:
    """Head of our own opening handshake with the upstream: our key, no extension, the subprotocols without the caller's credential."""
    plain = request_head(request, endpoint, credential, trail)
    lines = [plain[:-2], b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ", key, b"\r\n"]
    if request.handshake is not None and request.handshake.protocols:
        lines.append(b"sec-websocket-protocol: " + b", ".join(request.handshake.protocols) + b"\r\n")
    return b"".join((*lines, b"\r\n"))


def switching_head(head: ResponseHead, marks: bytes, accept: bytes) -> bytes:
    """Head of the 101 for the caller; the subprotocol is the one that the upstream chose."""
    lines = [STATUS_LINES[101], b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: " + accept + b"\r\n"]
    for name, value in head.headers:
        if name == b"sec-websocket-protocol":
            lines.append(name + b": " + value + b"\r\n")
    lines += field_lines(head)
    return b"".join((*lines, marks, b"via: 1.1 gateway\r\n\r\n"))
