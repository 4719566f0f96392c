"""Message heads, written afresh: bytes as received never reach the other side, and there is exactly one framing field."""

from http import HTTPStatus
from typing import Final

from gateway.proxy.answer import ResponseHead
from gateway.proxy.heads import Head
from gateway.proxy.request import Request
from gateway.proxy.upstream import Endpoint
from gateway.proxy.whole import WholeAnswer
from gateway.wire.headers import forwardable_request

STATUS_LINES: Final = {status.value: b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus}
BODIED: Final = frozenset((b"POST", b"PUT", b"PATCH"))
OURS_TO_WRITE: Final = frozenset((b"via", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"))


def request_head(
    request: Request, endpoint: Endpoint, credential: tuple[bytes, bytes] | None, address: str, scheme: bytes, introduced: bytes = b""
) -> bytes:
    """Head of the request as it goes upstream: same method and target, our credential in place of the caller's.

    `address` is the client's, as established; `introduced` are lines by which the gate introduces the request, each ended. All but
    these, the ids and the length follows from the head, and is kept with it.
    """
    head = request.head
    if head is None:
        raise ValueError("a request without a head was never judged")
    made_for = (endpoint, credential, address, request.stream)
    if head.forwarded_by != made_for:
        head.forwarded, head.traced = _forwarded(head, endpoint, credential, address, scheme, stream=request.stream)
        head.forwarded_by = made_for
    number = request.number
    trace = b"" if head.traced else b"traceparent: 00-00000000%b-%b-00\r\n" % (number, number[-16:])
    if request.size or head.envelope.method in BODIED:
        return b"%b%bx-request-id: %b\r\n%bcontent-length: %d\r\n\r\n" % (head.forwarded, introduced, number, trace, request.size)
    return b"%b%bx-request-id: %b\r\n%b\r\n" % (head.forwarded, introduced, number, trace)


def _forwarded(
    head: Head, endpoint: Endpoint, credential: tuple[bytes, bytes] | None, address: str, scheme: bytes, *, stream: bool
) -> tuple[bytes, bool]:
    envelope = head.envelope
    lines = [envelope.method + b" " + endpoint.base_path + envelope.target + b" HTTP/1.1", b"host: " + endpoint.host_header]
    traced = False
    for name, value in forwardable_request(envelope.headers, OURS_TO_WRITE):
        if (credential is not None and name == credential[0]) or (stream and name == b"accept-encoding"):
            continue  # a compressed event stream could not be told why it is cut
        traced = traced or name == b"traceparent"
        lines.append(name + b": " + value)
    if credential is not None:
        lines.append(credential[0] + b": " + credential[1])
    lines.append(b"via: 1.1 gateway\r\nx-forwarded-for: " + address.encode() + b"\r\nx-forwarded-proto: " + scheme)
    if host := envelope.header(b"host"):
        lines.append(b"x-forwarded-host: " + host)
    lines.append(b"")
    return b"\r\n".join(lines), traced


def response_head(head: ResponseHead, marks: bytes, *, chunked: bool, keep: bool) -> bytes:
    """Head of the answer as it goes to the caller; `marks` are the gate's own fields, each line ended."""
    lines = [STATUS_LINES.get(head.status) or b"HTTP/1.1 %d \r\n" % head.status, *head.lines, marks]
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif head.framing == "length":
        lines.append(b"content-length: " + head.length + b"\r\n")
    lines.append(b"via: 1.1 gateway\r\n\r\n" if keep else b"via: 1.1 gateway\r\nconnection: close\r\n\r\n")
    return b"".join(lines)


def whole_answer(answer: WholeAnswer, marks: bytes, *, keep: bool) -> bytes:
    """An answer that came whole, as it goes to the caller."""
    status = STATUS_LINES.get(answer.status) or b"HTTP/1.1 %d \r\n" % answer.status
    end = b"via: 1.1 gateway\r\n\r\n" if keep else b"via: 1.1 gateway\r\nconnection: close\r\n\r\n"
    return b"".join((status, *answer.lines, marks, end, answer.body))


def marks(number: bytes, revision: int) -> bytes:
    """Fields by which the gate marks an answer: the request's id, its decision's, and the policy's revision; each line ended."""
    return b"x-request-id: %b\r\nx-gateway-decision-id: %b\r\nx-gateway-revision: %d\r\n" % (number, number, revision)


def local_head(status: int, headers: list[tuple[bytes, bytes]], length: int, *, keep: bool) -> bytes:
    """Head of an answer that the gate gives itself."""
    lines = [STATUS_LINES[status]]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    lines.append(b"content-length: %d\r\n" % length)
    lines.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
    return b"".join(lines)


def upgrade_head(
    request: Request, endpoint: Endpoint, credential: tuple[bytes, bytes] | None, address: str, scheme: bytes, introduced: bytes, key: bytes
) -> bytes:
    """Head of our own opening handshake with the upstream: our key, no extension, the subprotocols without the caller's credential."""
    plain = request_head(request, endpoint, credential, address, scheme, introduced)
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
    return b"".join((*lines, *head.lines, marks, b"via: 1.1 gateway\r\n\r\n"))
