"""What the peers share: cores, upstreams, the issuer of tokens, the rules that all of them are given."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import serialization
from msgspec import Struct, structs

from bench.call import ORGANISATION
from bench.cores import Cores
from bench.program import Program
from gateway.demo.issuer import DemoIssuer

RESTRICTED: Final = ("KP", "IR", "SY")
"""Nationalities and countries that no model is for."""
PARTNERS: Final = (*(f"org_{number:02}" for number in range(12)), ORGANISATION, *(f"org_{number:02}" for number in range(12, 23)))
"""Two dozen organisations on the allowlist of each model."""
CONNECTIONS: Final = 25_000
SMALL_BODY: Final = 16_384
"""Bytes of a request's body that fit everybody's usual buffers."""


class Site(Struct, frozen=True):
    """A directory for the peers' files, the cores, the issuer, the upstreams. `body`: the largest body that will be asked for, bytes."""

    directory: Path
    cores: Cores
    issuer: DemoIssuer
    origin: Program
    origin_port: int
    pacer: Program
    pacer_port: int
    body: int = SMALL_BODY
    numbers: Iterator[int] = msgspec.field(default_factory=lambda: itertools.count(1))

    @property
    def token(self) -> str:
        """A token that every peer admits."""
        return self.issuer.mint(org_id=ORGANISATION, nationalities=["DE"])

    @property
    def public_key(self) -> Path:
        """The issuer's public key as PEM, for peers that read no JWK Set."""
        file = self.directory / "issuer.pem"
        if not file.exists():
            key = serialization.load_pem_private_key(self.issuer.key_file.read_bytes(), password=None).public_key()
            file.write_bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        return file

    def for_bodies(self, size: int, origin: Program, origin_port: int) -> "Site":
        """The same for peers that must take bodies of up to `size` bytes, before an origin that reads them."""
        return structs.replace(self, body=size, origin=origin, origin_port=origin_port)

    def fresh(self, name: str) -> Path:
        """Make a directory of its own for one run of a peer."""
        directory = self.directory / f"{name}-{next(self.numbers)}"
        directory.mkdir()
        return directory


class Peer(Struct, frozen=True):
    """One running way to the upstreams. `program` is None for the direct way; `data_dir` and `admin_port` only the gate has.

    `judges`: checks what it relays. `version` as the program tells it. `seldom`: asked in the first case of requests alone.
    """

    name: str
    port: int
    stream_port: int
    program: Program | None = None
    data_dir: Path | None = None
    admin_port: int = 0
    judges: bool = True
    version: str = ""
    seldom: bool = False

    @property
    def programs(self) -> list[Program]:
        """What is measured on the server's core."""
        return [self.program] if self.program is not None else []


Runner = Callable[[Site], AbstractContextManager[Peer]]
