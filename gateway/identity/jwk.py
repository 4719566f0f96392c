"""One issuer's keys, read from a JWK Set (RFC 7517): one key, one algorithm; what may not verify is left out, with a reason."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.errors import GatewayError
from gateway.identity.compact import decode_segment
from gateway.identity.rules import MAX_KEY_ID
from gateway.identity.strictjson import read_object

MAX_KEYS: Final = 100
"""Most keys in one set."""

RSA_BITS: Final = range(2048, 8193)
"""Accepted RSA moduli, bits: fewer are weak (NIST SP 800-131A), more only slow the gate down."""

_EC: Final = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_MATERIAL: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySetError(GatewayError):
    """A document that is no JWK Set; the text says what is wrong with it."""


class Key:
    """One verification key, bound to one algorithm."""

    __slots__ = ("_jwk", "algorithm", "identity", "kid")

    def __init__(self, jwk: jwt.PyJWK, kid: str | None, identity: tuple[object, ...]) -> None:
        self._jwk = jwk
        self.kid = kid
        self.algorithm = jwk.algorithm_name
        self.identity = identity

    def __repr__(self) -> str:
        return f"<Key {self.kid!r} {self.algorithm}>"

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Say whether `signature` is this key's over `signing_input`; never raises."""
        try:
            return bool(self._jwk.Algorithm.verify(signing_input, self._jwk.key, signature))
        except Exception:  # noqa: BLE001  # whatever a library raises on hostile bytes, the signature does not hold
            return False


class KeyRing:
    """The usable keys of one issuer at one time. `problems` says which keys of the document were left out, and why."""

    __slots__ = ("_by_kid", "identity", "keys", "problems")

    def __init__(self, keys: Sequence[Key] = (), problems: Sequence[str] = ()) -> None:
        self.keys = tuple(keys)
        self.problems = tuple(problems)
        self.identity = frozenset(key.identity for key in keys)
        self._by_kid = {key.kid: key for key in keys if key.kid is not None}

    def __repr__(self) -> str:
        return f"<KeyRing {list(self.keys)}>"

    def knows(self, kid: str | None) -> bool:
        """Say whether a key with that id is here."""
        return kid in self._by_kid

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Take the key that `kid` names, if it is for `algorithm`; without a `kid` the only key for `algorithm`, never one of several."""
        if kid is None:
            fitting = [key for key in self.keys if key.algorithm == algorithm]
            return fitting[0] if len(fitting) == 1 else None
        key = self._by_kid.get(kid)
        return key if key is not None and key.algorithm == algorithm else None


EMPTY_RING: Final = KeyRing()


def read_key_set(document: bytes, algorithms: Sequence[str]) -> KeyRing:
    """Read a JWK Set; `algorithms` are the issuer's, in order of preference for RSA keys that name none.

    Raises `KeySetError` if the document is no JWK Set. A key that may not be used is left out; of keys that share a `kid`, all are.
    """
    content = read_object(document, max_brackets=4 * MAX_KEYS)
    entries = content.get("keys") if content is not None else None
    if not isinstance(entries, list):
        raise KeySetError('the document is no JWK Set. It must be one JSON object in UTF-8 without repeated names: {"keys": [...]}')
    if len(entries) > MAX_KEYS:
        raise KeySetError(f"the JWK Set holds {len(entries)} keys; at most {MAX_KEYS} are read")
    read = [_read_key(entry, algorithms) for entry in entries]
    return _ring(enumerate(read, start=1))


def _ring(read: Iterable[tuple[int, Key | str]]) -> KeyRing:
    numbered = list(read)
    problems = [f"key {number}: {problem}" for number, problem in numbered if isinstance(problem, str)]
    keys = [key for _, key in numbered if isinstance(key, Key)]
    times = Counter(key.kid for key in keys if key.kid is not None)
    problems += [f"{count} keys share one kid: none of them is used" for count in times.values() if count > 1]
    return KeyRing([key for key in keys if key.kid is None or times[key.kid] == 1], problems)


def _read_key(entry: object, algorithms: Sequence[str]) -> Key | str:
    """Make a `Key` of one entry, or say why it is not used."""
    if not isinstance(entry, dict):
        return "is no JSON object"
    problem = _unusable(entry)
    algorithm = None if problem else _algorithm(entry, algorithms)
    if problem or algorithm is None:
        return problem or "its type, curve or alg is not among the issuer's configured algorithms"
    try:
        key = jwt.PyJWK(entry, algorithm)
    except Exception:  # noqa: BLE001  # whatever a library raises on an odd key, the key is not used
        return "its numbers make no key"
    if isinstance(key.key, RSAPublicKey) and not _sound(key.key):
        return f"an RSA key of {key.key.key_size} bits; {RSA_BITS[0]} to {RSA_BITS[-1]} are accepted"
    kid = entry.get("kid")
    material = tuple(entry[name] for name in _MATERIAL[entry["kty"]])
    return Key(key, kid if isinstance(kid, str) else None, (kid, algorithm, *material))


def _sound(key: RSAPublicKey) -> bool:
    exponent = key.public_numbers().e
    return key.key_size in RSA_BITS and exponent.bit_length() <= 32  # noqa: PLR2004  # as in every key in use; more is slow


def _unusable(entry: Mapping[str, object]) -> str:
    """Say what forbids this key for verification: `kty`, `use` and `key_ops` (RFC 7517 4), private parts, odd spelling."""
    kty, kid, operations = entry.get("kty"), entry.get("kid", "-"), entry.get("key_ops", ["verify"])
    if not isinstance(kty, str) or kty not in _MATERIAL:
        return "kty must be RSA, EC or OKP (a shared secret would let every reader sign)"
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KEY_ID:
        return f"kid must be a string of 1 to {MAX_KEY_ID} characters"
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return 'it is not for signatures (use must be "sig", key_ops must hold "verify")'
    if not _PRIVATE.isdisjoint(entry):
        return "it is published with its private part: replace this key"
    return "" if all(_spelled(name, entry.get(name)) for name in _MATERIAL[kty]) else "its numbers are not base64url without padding"


def _spelled(name: str, value: object) -> bool:
    if not isinstance(value, str) or not value.isascii():
        return False
    return name == "crv" or decode_segment(value.encode()) is not None


def _algorithm(entry: Mapping[str, object], allowed: Sequence[str]) -> str | None:
    """Name the one algorithm of this key: its `alg` if it fits type and curve, else the issuer's first that fits."""
    if entry["kty"] == "RSA":
        fitting: Sequence[str] = _RSA
    elif entry["kty"] == "EC":
        fitting = _EC.get(str(entry["crv"]), ())
    else:
        fitting = ("EdDSA",) if entry["crv"] == "Ed25519" else ()
    choices = [name for name in allowed if name in fitting and entry.get("alg", name) == name]
    return choices[0] if choices else None
