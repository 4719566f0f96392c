"""LiteLLM's proxy, one worker: the checks in its hook for authentication (`litellm_gate.py`), its Prometheus callback, JSON lines."""

import contextlib
import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from bench.call import COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.peers.audition import audition
from bench.peers.site import PARTNERS, RESTRICTED, Peer, Site
from bench.problem import BenchError
from bench.program import Program, free_port

HERE: Final = Path(__file__).parent
HOME: Final = HERE.parents[1] / "build/peers/litellm"
START_DEADLINE: Final = 60.0


@contextlib.contextmanager
def litellm(site: Site) -> Iterator[Peer]:
    """Run one worker."""
    program = HOME / "bin/litellm"
    if not program.exists():
        raise BenchError("litellm is not installed. Run: bench/install.sh")
    directory, port = site.fresh("litellm"), free_port()
    shutil.copy(HERE / "litellm_gate.py", directory)
    rules = {
        "key_file": str(site.issuer.jwks_file),
        "issuer": site.issuer.issuer,
        "audience": site.issuer.audience,
        "allowlists": {MODEL: PARTNERS, STREAM_MODEL: PARTNERS},
        "restricted": RESTRICTED,
        "country_header": COUNTRY_HEADER,
        "record_file": str(directory / "records.jsonl"),
    }
    (directory / "rules.json").write_text(json.dumps(rules))
    settings = directory / "litellm.yaml"
    settings.write_text(yaml.safe_dump(_settings(site)))
    command = [str(program), "--config", str(settings), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environment = {
        "BENCH_RULES": str(directory / "rules.json"),
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }
    running = Program("LiteLLM", command, (site.cores.server,), directory / "log", (port,), environment, START_DEADLINE)
    with running as started:
        peer = Peer("LiteLLM", port, port, started, version=_version(), seldom=True)
        audition(peer, site)
        yield peer


def _settings(site: Site) -> dict[str, object]:
    def model(name: str, port: int) -> dict[str, object]:
        target = {"model": f"openai/{name}", "api_base": f"http://127.0.0.1:{port}/v1", "api_key": "none", "timeout": 300}
        return {"model_name": name, "litellm_params": target}

    return {
        "model_list": [model(MODEL, site.origin_port), model(STREAM_MODEL, site.pacer_port)],
        "general_settings": {"custom_auth": "litellm_gate.judge", "disable_spend_logs": True},
        "litellm_settings": {
            "callbacks": ["prometheus", "litellm_gate.recorder"],
            "telemetry": False,
            "num_retries": 0,
            "drop_params": False,
        },
    }


def _version() -> str:
    found = next(HOME.glob("lib/python*/site-packages/litellm-*.dist-info"), None)
    return found.name.removeprefix("litellm-").removesuffix(".dist-info") if found else ""
