"""rediss://, with the server's certificate checked."""

import contextlib
import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.servers import RedisServer, free_port

from gateway.errors import StoreUnavailableError
from gateway.store.address import parse_address
from gateway.store.client import connect
from gateway.store.link import open_link


def certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / "cert.pem", directory / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return files


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[str]:
    """Address of a server with TLS, without the authority to trust."""
    cert, key = certificate(tmp_path)
    port = str(free_port())
    options = {"tls-port": port, "tls-cert-file": str(cert), "tls-key-file": str(key), "tls-auth-clients": "no"}
    server = RedisServer("redis", options=options).start()
    yield f"rediss://127.0.0.1:{port}"
    server.close()


async def test_a_trusted_certificate(secured: str, tmp_path: Path) -> None:
    address = parse_address(f"{secured}?ssl_ca_certs={tmp_path}/cert.pem")
    link = await open_link(address, 2.0)
    with contextlib.closing(link):
        assert await link.call("PING") == b"PONG"
    async with connect(address) as client:
        assert await client.incr("n") == 1


async def test_an_unknown_certificate_is_refused(secured: str) -> None:
    with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
        await open_link(parse_address(secured), 2.0)


async def test_plain_text_to_a_tls_port_is_refused(secured: str) -> None:
    with pytest.raises(StoreUnavailableError):
        await open_link(parse_address(secured.replace("rediss", "redis")), 0.5)
