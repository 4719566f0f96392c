"""A certificate authority of the tests' own: certificates for servers on loopback, and for clients.

They have what RFC 5280 section 4.2.1 asks for: from Python 3.13 on, clients insist.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

HOUR = timedelta(hours=1)
SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
Extend = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]


class Certificate(Struct, frozen=True):
    """PEM files: the certificate, its key, and the authority that signed it."""

    certificate: Path
    key: Path
    authority: Path

    @property
    def der(self) -> bytes:
        """The certificate itself."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_bytes(serialization.Encoding.DER)


class Authority:
    """Signs certificates, good for an hour, into files of `directory`."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {name}")])
        self._known_as = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self.file = directory / f"{name}.pem"
        own = _builder(self._name, self._name, self._key.public_key())
        for extension, critical in (
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (SIGNS_CERTIFICATES, True),
            (self._known_as, False),
        ):
            own = own.add_extension(extension, critical=critical)
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, address: str = "127.0.0.1", file: str = "server") -> Certificate:
        """For a server at `address`."""
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        return self._issue(file, address, lambda leaf: leaf.add_extension(names, critical=False))

    def client(self, name: str, *, expired: bool = False, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH) -> Certificate:
        """For a client of this name."""
        extended = x509.ExtendedKeyUsage([usage])
        return self._issue(name, name, lambda leaf: leaf.add_extension(extended, critical=False), age=3 * HOUR if expired else None)

    def _issue(self, file: str, name: str, extend: Extend, age: timedelta | None = None) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        leaf = extend(_builder(subject, self._name, key.public_key(), age or timedelta())).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._known_as), critical=False
        )
        files = Certificate(self._directory / f"{file}.pem", self._directory / f"{file}.key", self.file)
        files.certificate.write_bytes(leaf.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return files


def issue(directory: Path, name: str = "127.0.0.1") -> Certificate:
    """Make an authority and a server certificate for `name` (an address)."""
    return Authority(directory).server(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, age: timedelta = timedelta()
) -> x509.CertificateBuilder:
    made = datetime.now(UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(made - timedelta(minutes=5))
        .not_valid_after(made + HOUR)
    )
