"""The gateway under test, and on whose behalf it is asked. Pure."""

from typing import Protocol

from msgspec import Struct


class Signer(Protocol):
    """Who can sign as the issuer: any header and payload, byte for byte."""

    def sign(self, header: bytes, payload: bytes) -> bytes:
        """Give the token of exactly these bytes."""

    def shared_secret_twin(self, payload: bytes) -> bytes:
        """Give a token signed with the published key taken for a shared secret (HS256)."""


class Target(Struct, frozen=True):
    """`token` may use `allowed` and not `forbidden`; `permitted` may use both, where it is known. `prefix` goes before every path.

    `header` is the field that carries the token; `extra` fields join every request; `family` is how names of the gateway's own
    headers begin, in lower case.
    """

    host: str
    port: int
    allowed: str
    forbidden: str
    token: str
    tls: bool = False
    prefix: str = ""
    permitted: str = ""
    header: str = "authorization"
    extra: tuple[tuple[str, str], ...] = ()
    family: str = "x-gateway-"
    signer: Signer | None = None
    may_revoke: bool = False

    def __repr__(self) -> str:
        return f"<Target {self.authority} {self.allowed}, not {self.forbidden}>"

    @property
    def authority(self) -> str:
        """Host and port, as the Host field writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def with_token(self, token: str) -> "Target":
        """Give the same gateway, asked with another token."""
        return Target(**{field: getattr(self, field) for field in self.__struct_fields__} | {"token": token})
