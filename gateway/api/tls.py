"""A listener's certificate: modern defaults, client certificates where they are asked for, read again when the files are replaced."""

import contextlib
import math
import ssl
from pathlib import Path
from typing import Final

from cryptography import x509

from gateway.errors import SettingsError
from gateway.settings.fingerprint import Fingerprint, fingerprint
from gateway.settings.shape import Tls

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2 (RFC 9325 section 4.2): forward secrecy and authenticated encryption only. TLS 1.3 has nothing else."""

_ASKED: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class ServerTls:
    """One listener's TLS. `where` names its section of the settings in errors; SettingsError names the files that cannot be used.

    `context` is for the next connection: a replaced file makes another one, and connections that run keep theirs. `expires` is when its
    certificate ends, epoch seconds.
    """

    def __init__(self, settings: Tls, where: str) -> None:
        self._settings = settings
        self._where = where
        self._seen = self._files()
        self.context = self._first = self._made()
        self.expires = math.nan
        self._read_expiry()

    def __repr__(self) -> str:
        return f"<ServerTls {self._where} client_certificates={self._settings.client_certificates}>"

    def refresh(self) -> bool:
        """Take replaced files for new connections; whether there were any. SettingsError: they cannot be used, what was stays.

        A listener that was given the first context for good gets a replaced certificate too, replaced authorities at its next start.
        """
        files = self._files()
        if files == self._seen:
            return False
        self._seen = files
        self.context = self._made()
        self._load(self._first)
        self._read_expiry()
        return True

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        self._load(context)
        if self._settings.client_ca:
            self._ask(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        certificate, key = self._settings.certificate, self._settings.key
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise SettingsError(
                f"{self._where}: cannot use certificate {certificate} with key {key}: {type(error).__name__}. "
                "Both must be readable, unencrypted PEM files that belong together"
            ) from error

    def _ask(self, context: ssl.SSLContext) -> None:
        """Ask clients for a certificate. No tickets: with TLS 1.3 each connection shows it anew, with 1.2 a session is good for minutes."""
        file = self._settings.client_ca
        context.verify_mode = _ASKED[self._settings.client_certificates]
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        try:
            context.load_verify_locations(file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"{self._where}.client_ca: cannot use {file}: {type(error).__name__}. It must be a readable PEM file of authorities"
            ) from error

    def _read_expiry(self) -> None:
        """A file that is being replaced at this moment is looked at again: it has changed since."""
        with contextlib.suppress(OSError, ValueError):
            content = Path(self._settings.certificate).read_bytes()
            self.expires = x509.load_pem_x509_certificate(content).not_valid_after_utc.timestamp()

    def _files(self) -> Fingerprint:
        return fingerprint(*(Path(file) for file in (self._settings.certificate, self._settings.key, self._settings.client_ca) if file))


def _no_password() -> str:
    """Without it OpenSSL would ask for one at the terminal."""
    return ""
