"""A small settings file that is right, for tests to break in one place at a time; and the demonstration's own, on free ports."""

import re
from pathlib import Path

from support.servers import free_port

from gateway.settings.loader import parse
from gateway.settings.shape import Settings

ROOT = Path(__file__).parents[2]
BASE = Path("/etc/gateway")
ISSUERS = """\
issuers:
  - name: partners
    issuer: https://login.example.com/
    audience: [gate]
    keys: {jwks_url: https://login.example.com/jwks.json}
"""
UPSTREAMS = """\
upstreams:
  - name: inference
    urls: [http://127.0.0.1:8000]
"""
MODELS = """\
models:
  - id: frontier-1
    upstream: inference
"""
WHOLE = ISSUERS + UPSTREAMS + MODELS


def parsed(text: str = WHOLE, base: Path = BASE) -> Settings:
    """Read a settings text as if it were /etc/gateway/gateway.yaml."""
    return parse(text, "gateway.yaml", base)


def copy_demo_settings(directory: Path) -> None:
    """Put config/demo.yaml under `directory`, with ports that no test beside takes at the same time."""
    (directory / "config").mkdir()
    text = (ROOT / "config" / "demo.yaml").read_text()
    (directory / "config" / "demo.yaml").write_text(re.sub(r"(?<=127\.0\.0\.1:)(8080|9090)", lambda _: str(free_port()), text))
