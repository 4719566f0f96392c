"""A small settings file that is right, for tests to break in one place at a time."""

from pathlib import Path

from gateway.settings.loader import parse
from gateway.settings.shape import Settings

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
