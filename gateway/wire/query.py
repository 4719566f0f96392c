"""A model named by the query (`?model=`), on routes that have no body to name it in."""

from gateway.policy.vocabulary import Reason
from gateway.wire.names import fold, names_model
from gateway.wire.places import text_of_parameter
from gateway.wire.shape import Refused


def model_in_query(query: bytes, stateful: frozenset[str]) -> str | Refused:
    """Read the one parameter `model`, percent-decoded once; `stateful` parameters reach beyond this connection."""
    if b";" in query:
        return Refused(Reason.MALFORMED_REQUEST, "the query has a ';', which some readers take for '&'")
    pairs = [part.partition(b"=") for part in query.split(b"&")]
    named = [(name, value) for name, _, value in pairs if names_model(text_of_parameter(name) or "")]
    if not named:
        return Refused(Reason.MODEL_UNRESOLVED, "the query has no parameter model")
    if len(named) > 1 or named[0][0] != b"model":
        return Refused(Reason.MODEL_AMBIGUOUS, "the query names a model twice, or in another spelling than model")
    folded = frozenset(map(fold, stateful))
    if any(fold(text_of_parameter(name) or "") in folded for name, _, _ in pairs):
        return Refused(Reason.ROUTE_NOT_ALLOWED, "a parameter of the query reaches beyond this connection")
    return text_of_parameter(named[0][1]) or ""
