"""Parameters of the query that must not reach an upstream: credentials, what would make another request of this one, stored objects."""

from typing import Final

from gateway.policy.vocabulary import Reason
from gateway.wire.names import fold
from gateway.wire.places import text_of_parameter
from gateway.wire.references import STORED
from gateway.wire.references import refused as reference
from gateway.wire.refused import Refused

# Google's, Azure's and others' ways to send a key; it would be forwarded, and logged on the way.
_CREDENTIALS: Final = frozenset(map(fold, ("key", "api_key", "apikey", "access_token", "token", "subscription-key", "authorization")))
# By which frameworks let a POST be something else.
_OVERRIDES: Final = frozenset(map(fold, ("_method", "$httpMethod", "x-http-method-override", "$httpHeaders", "httpHeaders")))

_CREDENTIAL: Final = Refused(Reason.MALFORMED_REQUEST, "a credential in the query; send it as a header")
_OVERRIDE: Final = Refused(Reason.MALFORMED_REQUEST, "a parameter of the query changes what the request is")


def parameter_problem(query: bytes) -> Refused | None:
    """Refuse a query that carries a credential, or changes the method or the headers."""
    for part in query.replace(b";", b"&").split(b"&"):
        name = fold(text_of_parameter(part.partition(b"=")[0]) or "")
        if name in _CREDENTIALS:
            return _CREDENTIAL
        if name in _OVERRIDES:
            return _OVERRIDE
    return None


def reference_problem(query: bytes, stateful: frozenset[str]) -> Refused | None:
    """Refuse a parameter that some servers take for a field of the body, where it would refer to a stored object or be `stateful`."""
    own = {fold(name): name for name in stateful}
    for part in query.replace(b";", b"&").split(b"&"):
        name = fold(text_of_parameter(part.partition(b"=")[0]) or "")
        if name in STORED or name in own:
            return reference(STORED.get(name) or own[name])
    return None
