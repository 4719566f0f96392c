"""Requests for any line of the table of routes: plain ones, and each with another model named in one place more."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, structs

from gateway.wire.model import Refused, Resolved, resolve
from gateway.wire.paths import canonical
from gateway.wire.places import notable
from gateway.wire.quick import is_usual, read_usual
from gateway.wire.route import Content, Dialect, ModelIn, Route
from gateway.wire.routes import find

BOUNDARY = b"--bound"


class Asked(Struct, frozen=True):
    """One request, as the journey hands it to the look-up and the resolution."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def outcome(self) -> Resolved | Refused | None:
        """What the gate makes of it; None for a target that is not canonical or has no route."""
        split = canonical(self.target)
        route = find(self.method, split[0]) if split else None
        if split is None or route is None:
            return None
        return read_both_ways(route, split[1], self.headers, self.body, split[0])


def read_both_ways(route: Route, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes, path: str = "") -> Resolved | Refused:
    """Read a request thoroughly and, where it looks usual, in one go as well, as the gate does first: they must say the same."""
    thorough = resolve(route, query, headers, body, path)
    if is_usual(route, query, notable(headers)):
        assert read_usual(route, body) in (None, thorough), body
    return thorough


def form(fields: list[tuple[str, bytes]], boundary: bytes = BOUNDARY) -> bytes:
    """Write a multipart form of text fields, and one file at its end."""
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (boundary, name.encode(), value) for name, value in fields
    ]
    head = b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    return b"".join(parts) + b"--" + boundary + b"\r\n" + head + b"RIFF\0\xff\r\n--" + boundary + b"--\r\n"


def path_of(shape: str, model: str) -> bytes:
    """Put a model into the shape of a path."""
    return shape.replace("{model...}", model).replace("{model}", model).encode()


def plain(method: bytes, shape: str, route: Route, model: str, more: Mapping[str, Any] = MappingProxyType({})) -> Asked:
    """Ask for `model` where this route has it; `more` are further fields of the body."""
    fields: dict[str, Any] = {} if route.model_in is ModelIn.PATH else {"model": model}
    if route.content is Content.FORM:
        pairs = [(name, value if isinstance(value, bytes) else str(value).encode()) for name, value in {**fields, **more}.items()]
        return Asked(method, path_of(shape, model), [(b"content-type", b"multipart/form-data; boundary=" + BOUNDARY)], form(pairs))
    body = json.dumps({**fields, "messages": [{"role": "user", "content": "hi"}], **more}).encode()
    return Asked(method, path_of(shape, model), [(b"content-type", b"application/json")], body)


def with_another(method: bytes, shape: str, route: Route, model: str, other: str) -> Iterator[tuple[str, Asked]]:
    """Ask for `model`, and name `other` in one place more: each place that some reader looks at."""
    base = plain(method, shape, route, model)
    for name in ("model", "x", "Model", "deployment", "mod%65l", "models", "fallbacks", "draft_model"):
        if name != "x":
            yield f"query {name}", structs.replace(base, target=base.target + f"?a=b&{name}={other}".encode())
    for header in (b"x-model", b"model", b"x_model_id", b"azureml-model-deployment", b"x-target-model", b"fallback-models"):
        yield f"header {header.decode()}", structs.replace(base, headers=[*base.headers, (header, other.encode())])
    if route.content is Content.FORM:
        yield from _in_the_form(base, route, model, other)
    else:
        yield from _in_the_object(base, route, model, other)


def _in_the_form(base: Asked, route: Route, model: str, other: str) -> Iterator[tuple[str, Asked]]:
    own = [] if route.model_in is ModelIn.PATH else [("model", model.encode())]
    for name in (
        "model",
        "Model",
        "model[]",
        "models",
        "engine",
        "deployment_id",
        "fallback",
        "options[model]",
        "draft_model",
        "options[fallbacks]",
    ):
        for fields in ([*own, (name, other.encode())], [(name, other.encode()), *own]):
            yield f"form {name}", structs.replace(base, body=form(fields))
    plain_form = form(own)
    second = b'--%b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n' % (BOUNDARY, other.encode())
    yield "form before the first boundary", structs.replace(base, body=second + b"\r\n" + plain_form)
    yield "form after the last boundary", structs.replace(base, body=plain_form + second)
    for trick in (
        b'name="model"; filename="x"',
        b"name=model",
        b"name*=utf-8''model",
        b'name="x"; name="model"',
        b'name="mo\\del"',
        b'Name="model"',
        b'name="model"; x="y"',
    ):
        part = b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (BOUNDARY, trick, other.encode())
        yield f"form part {trick.decode()}", structs.replace(base, body=part + plain_form)
        yield f"form part {trick.decode()}, bare line feeds", structs.replace(base, body=part.replace(b"\r\n", b"\n") + plain_form)
    boundaries = b"multipart/form-data; boundary=other; boundary=" + BOUNDARY
    yield "another boundary", structs.replace(base, headers=[(b"content-type", boundaries)])


def _in_the_object(base: Asked, route: Route, model: str, other: str) -> Iterator[tuple[str, Asked]]:
    own = base.body.decode()
    rest = own[1:]
    for spelled in ("model", "mod\\u0065l", "Model", "MODEL", "model ", "mod\\u0000el", "models", "engine", "fallback", "modelId", "lora"):
        yield f"key {spelled} first", structs.replace(base, body=f'{{"{spelled}":"{other}",{rest}'.encode())
        yield f"key {spelled} last", structs.replace(base, body=f'{own[:-1]},"{spelled}":"{other}"}}'.encode())
    for name, value in (
        ("fallbacks", [{"model": other}]),
        ("tools", [{"type": "image_generation", "model": other}]),
        ("tools", [{"type": "x", "parameters": {"deep": [{"model": other}]}}]),
        ("input", [{"type": "tool_search_output", "tools": [{"type": "image_generation", "model": other}]}]),
        ("moderation", {"model": other}),
        ("extra_body", {"a": {"b": [{"Model": other}]}}),
        ("generationConfig", {"routingConfig": {"manualMode": {"modelName": other}}}),
        ("parameters", {"adapter_id": other}),
        ("requests", [{"model": other}, {"model": model}]),
        ("providerOptions", {"gateway": {"models": [other]}}),
        ("router_settings_override", {"fallbacks": [{model: [other]}]}),
        ("router_settings_override", {"model_group_alias": {model: other}}),
        ("compound_custom", {"models": {"answering_model": other}}),
        ("plugins", [{"id": "auto-router", "allowed_models": [other]}]),
        ("generationConfig", {"routingConfig": {"autoMode": {"modelRoutingPreference": "PRIORITIZE_QUALITY"}}}),
        ("options", {"draft_model": other}),
        ("draft_model", other),
        ("extra", {"Type": {"model": other}}),
        ("preset", "somebody's"),
        ("route", "fallback"),
    ):
        body = json.loads(own) | {name: value}
        yield f"within {name}", structs.replace(base, body=json.dumps(body).encode())
    changed = f'{own[:-1]},"engine":"{other}"}}' if route.model_in is ModelIn.PATH else own.replace(model, other)
    for coding, pack in ((b"gzip", gzip.compress), (b"deflate", zlib.compress)):
        packed = structs.replace(base, headers=[*base.headers, (b"content-encoding", coding)], body=pack(changed.encode()))
        yield f"{coding.decode()} of another", packed
        yield f"{coding.decode()} twice", structs.replace(packed, body=pack(own.encode()) + packed.body)
    yield "another coding", structs.replace(base, headers=[*base.headers, (b"content-encoding", b"br")])
    as_form = [(b"content-type", b"multipart/form-data; boundary=" + BOUNDARY)]
    yield "a form", structs.replace(base, headers=as_form, body=form([("model", other.encode())]))
    yield "a second object", structs.replace(base, body=own.encode() + f'{{"model":"{other}"}}'.encode())
    if route.dialect is Dialect.GEMINI:
        yield "Gemini's own spelling", structs.replace(base, body=f'{{"model":"models/{other}",{rest}'.encode())
