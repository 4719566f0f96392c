"""The gate's own certificate: modern defaults, client certificates where they are asked for, read again when the files are replaced."""

import ssl
from pathlib import Path
from typing import Final

from gateway.errors import SettingsError
from gateway.settings.shape import Tls

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2 (RFC 9325 section 4.2): forward secrecy and authenticated encryption only. TLS 1.3 has nothing else."""

_ASKED: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class ServerTls:
    """One listener's TLS. `where` names its section of the settings in errors; SettingsError names the files that cannot be used."""

    def __init__(self, settings: Tls, where: str) -> None:
        self._settings = settings
        self._where = where
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers(CIPHERS)
        self.context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        self.context.set_alpn_protocols(["http/1.1"])
        self._load()
        self._authorities()
        self._stamp = self._stamped()

    def __repr__(self) -> str:
        return f"<ServerTls {self._where} client_certificates={self._settings.client_certificates}>"

    def refresh(self) -> bool:
        """Take a replaced certificate for new connections; whether there was one. SettingsError: it cannot be used, the old one stays."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._load()
        return True

    def _load(self) -> None:
        """Try a fresh context first: one that takes half of a bad pair would answer nobody."""
        certificate, key = self._settings.certificate, self._settings.key
        try:
            for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.context):
                context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"{self._where}: cannot use certificate {certificate} with key {key}: {type(error).__name__}. "
                "Both must be readable PEM files that belong together"
            ) from error

    def _authorities(self) -> None:
        file = self._settings.client_ca
        self.context.verify_mode = _ASKED[self._settings.client_certificates]
        try:
            if file:
                self.context.load_verify_locations(file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"{self._where}.client_ca: cannot use {file}: {type(error).__name__}. It must be a readable PEM file of authorities"
            ) from error

    def _stamped(self) -> tuple[int, ...]:
        try:
            return tuple(Path(file).stat().st_mtime_ns for file in (self._settings.certificate, self._settings.key))
        except OSError:
            return ()
