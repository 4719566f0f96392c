"""Multipart forms: one field, many ways to write it twice."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "two readers of one form find two models"
SEEN: Final = "multipart parsers"
PATH: Final = "/v1/audio/transcriptions"
BOUNDARY: Final = b"probe-boundary"
FILE: Final = b'Content-Disposition: form-data; name="file"; filename="probe.wav"\r\nContent-Type: audio/wav'

Write = Callable[[bytes, bytes], bytes]


def part(name: str, content: bytes, more: str = "") -> bytes:
    """Write one part; `more` goes behind its name."""
    return raw_part(f'Content-Disposition: form-data; name="{name}"{more}'.encode(), content)


def raw_part(head: bytes, content: bytes) -> bytes:
    """Write one part with exactly this head."""
    return b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY, head, content)


def parts(*pieces: bytes) -> bytes:
    """Write a whole form."""
    return b"".join(pieces) + b"--%b--\r\n" % BOUNDARY


def form(target: Target, *pieces: bytes, path: str = PATH, boundary: bytes = BOUNDARY) -> bytes:
    """Write a request with a form: these parts, and a file behind them."""
    return post(
        target, parts(*pieces, raw_part(FILE, b"RIFF")), path, content_type=b"Content-Type: multipart/form-data; boundary=" + boundary
    )


FORMS: Final[tuple[tuple[str, Write], ...]] = (
    ("field twice, the last forbidden", lambda a, f: part("model", a) + part("model", f)),
    ("field twice, the first forbidden", lambda a, f: part("model", f) + part("model", a)),
    ("field in another case", lambda a, f: part("model", a) + part("Model", f)),
    ("field as a list", lambda a, f: part("model", a) + part("model[]", f)),
    ("field as a file", lambda a, f: part("model", a) + part("model", f, '; filename="m"')),
    ("name without quotes", lambda a, f: part("model", a) + raw_part(b"Content-Disposition: form-data; name=model", f)),
    ("name*", lambda a, f: part("model", a) + raw_part(b"Content-Disposition: form-data; name*=utf-8''model", f)),
    ("name twice", lambda a, f: part("model", a) + part("x", f, '; name="model"')),
    (
        "disposition twice",
        lambda a, f: (
            part("model", a) + raw_part(b'Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="model"', f)
        ),
    ),
    ("name with an escape", lambda a, f: part("model", a) + part("mo\\del", f)),
    ("folded head", lambda a, f: part("model", a) + raw_part(b'Content-Disposition: form-data;\r\n name="model"', f)),
    ("bare line ends", lambda a, f: part("model", a) + part("model", f).replace(b"\r\n", b"\n")),
    ("before the first boundary", lambda a, f: b"--other\r\n" + part("model", f).partition(b"\r\n")[2] + part("model", a)),
    ("space behind the name's field", lambda _, f: raw_part(b'Content-Disposition : form-data; name="model"', f)),
    ("line end in the name", lambda _, f: part("model", f + b"\r\n")),
)


def _formed(write: Write) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(form(target, write(target.allowed.encode(), target.forbidden.encode())))


def _two_boundaries(target: Target) -> Attempt:
    inner = part("model", target.forbidden.encode()).replace(BOUNDARY, b"second") + b"--second--\r\n"
    return Attempt(form(target, part("model", target.allowed.encode()), inner, boundary=BOUNDARY + b"; boundary=second"))


def _behind_the_end(target: Target) -> Attempt:
    body = parts(part("model", target.allowed.encode()), raw_part(FILE, b"RIFF")) + parts(part("model", target.forbidden.encode()))
    return Attempt(post(target, body, PATH, content_type=b"Content-Type: multipart/form-data; boundary=" + BOUNDARY))


PROBES: Final = (
    *(Probe("forms", name, HOLE, SEEN, _formed(write), control="form") for name, write in FORMS),
    Probe("forms", "two boundaries", HOLE, SEEN, _two_boundaries, control="form"),
    Probe("forms", "behind the end", HOLE, SEEN, _behind_the_end, control="form"),
)
