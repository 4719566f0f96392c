"""Which model: a body, and what stands beside it, against JSON readers of which the first or the last key wins, and a reader of mail.

An input is lines of target and header fields, an empty line, the body: what a request is when its head has been read.
"""

import zlib
from collections.abc import Callable
from typing import Any

from support.readers import Seen, models_in, readings_of

from gateway.wire.events import models_of
from gateway.wire.model import Refused, Resolved, resolve
from gateway.wire.paths import canonical
from gateway.wire.places import notable
from gateway.wire.quick import is_usual, read_usual
from gateway.wire.route import Kind
from gateway.wire.routes import find

FORM = b"content-type: multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
KINDS = (Kind.INFERENCE, Kind.REALTIME)


class Models:
    """Whatever is resolved names one model to every reader."""

    seeds = (
        b'/v1/chat/completions\ncontent-type: application/json\n\n{"model":"open","messages":[{"role":"user","content":"hi"}]}',
        b'/v1/chat/completions\n\n{"model":"open","messages":[{"role":"user","content":"hi"}],"stream":true}',
        b'/v1/chat/completions\n\n{"model":"open","model":"frontier"}',
        b'/v1/chat/completions?model=open\nx-model: open\n\n{"model":"open","tools":[{"type":"x","model":"open"}]}',
        b'/v1/responses\ncontent-type: application/json\n\n{"input":"hi","mod\\u0065l":"open"}',
        b'/openai/deployments/open/chat/completions?api-version=1\n\n{"model":"open"}',
        b'/v1beta/models/open:generateContent\n\n{"contents":[{"parts":[{"text":"hi"}]}]}',
        b'/model/open/invoke\n\n{"engine":"open"}',
        b"/v1/images/edits\n" + FORM + b"\n\n" + PART % (b"model", b"open") + b"--b--\r\n",
        b"/v1/audio/transcriptions\n" + FORM + b"\n\n" + PART % (b"x", b"y") + PART % (b"model", b"open") + b"--b--\r\n",
        b"/v1/chat/completions\ncontent-encoding: deflate\n\n" + zlib.compress(b'{"model":"open"}'),
    )
    words = (
        *(
            b'"model":"frontier"',
            b'"Model":"frontier"',
            b'"models":["frontier"]',
            b'"model"',
            b"frontier",
            b"\\u0065",
            b"\\ud800",
            b"\xef\xbb\xbf",
        ),
        *(
            b"?model=frontier",
            b"&model=frontier",
            b";model=frontier",
            b"x-model: frontier\n",
            b"content-encoding: gzip\n",
            b"NaN",
            b"1e999",
        ),
        *(
            PART % (b"model", b"frontier"),
            b'; name="model"',
            b'; filename="x"',
            b"--b--\r\n",
            b"{}",
            b"null",
            b'"tools":[{"model":"frontier"}]',
        ),
    )

    def __init__(self, resolve: Callable[..., Resolved | Refused] = resolve) -> None:
        self._resolve = resolve

    def try_one(self, data: bytes) -> None:
        """Try one request, read already."""
        head, _, body = data.partition(b"\n\n")
        target, *lines = head.split(b"\n")
        split = canonical(target)
        route = find(b"POST", split[0]) if split else None
        if split is None or route is None or route.kind not in KINDS:
            return
        fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        names = [name for name, _ in fields]
        if len(set(names)) < len(names):
            return  # what decides and is sent twice, the door refuses
        resolved = self._resolve(route, split[1], fields, body, split[0])
        if is_usual(route, split[1], notable(fields)):
            usual = read_usual(route, body)
            assert usual is None or usual == resolved, "read in one go it is another model"
        if isinstance(resolved, Resolved):
            self._agree(resolved.model, Seen(b"POST", target, tuple(fields), body))

    def _agree(self, model: str, seen: Seen) -> None:
        try:
            named = models_in(seen)
        except ValueError as error:
            raise AssertionError(f"another reader cannot read it: {error}") from error
        named = {name.removeprefix("models/") if isinstance(name, str) else repr(name) for name in named}
        assert named <= {model}, f"judged as {model!r}, read as {named}"


class Events:
    """Whatever a client's event names, every reader finds among the names that were judged."""

    seeds = (
        b'{"type":"session.update","session":{"model":"open","audio":{"input":{"transcription":{"model":"open"}}}}}',
        b'{"type":"response.create","response":{"model":"open","instructions":"hi"}}',
        b'{"type":"input_audio_buffer.append","audio":"AAAA"}',
        b'{"type":"x","tools":[{"parameters":{"model":"y"}}],"session":{"mod\\u0065l":"open"}}',
    )
    words = (b'"model":"frontier"', b'"Model":"frontier"', b"\\u0065", b'{"session":', b'[{"model":"frontier"}]', b"}", b'"model"', b"null")

    def __init__(self, models_of: Callable[[bytes], tuple[str, ...] | Refused] = models_of) -> None:
        self._models_of = models_of

    def try_one(self, data: bytes) -> None:
        """Try one text message."""
        judged = self._models_of(data)
        if isinstance(judged, Refused):
            return
        try:
            readings = readings_of(data)
        except (ValueError, RecursionError) as error:
            raise AssertionError(f"another reader cannot read it: {error}") from error
        for reading in readings:
            unjudged = _within(reading) - set(judged)
            assert not unjudged, f"judged {judged}, read {unjudged}"


OWN = {"parameters", "input_schema", "output_schema", "schema", "json_schema", "arguments", "variables", "metadata"}


def _within(value: Any) -> set[str]:
    """Every text under a key `model`, but for what is the caller's own."""
    if isinstance(value, list):
        return set().union(*map(_within, value))
    if not isinstance(value, dict):
        return set()
    named = {each for key, each in value.items() if key.strip().lower() == "model" and isinstance(each, str) and each}
    return named.union(*(_within(each) for key, each in value.items() if key not in OWN))
