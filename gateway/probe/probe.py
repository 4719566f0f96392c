"""What a probe is: a small value that says how a request is made and what must hold. Pure."""

from collections.abc import Callable
from enum import StrEnum, unique

from msgspec import Struct

from gateway.probe.target import Target


@unique
class Must(StrEnum):
    """What must hold. A 5xx, or no answer at all, never does, unless the upstream itself fails."""

    PASS = "the allowed model is served"  # noqa: S105 - a control, no credential
    PASS_OTHER = "the forbidden model is served to a caller who may use it"  # noqa: S105 - the same
    KEEP_MODEL = "the forbidden model does not reach the upstream under any reading"
    KEEP_UNSEEN = "the forbidden model does not reach the upstream, whatever is answered"
    KEEP_ALL = "nothing reaches the upstream"
    KEEP_SECRETS = "neither the caller's credential nor a header of the gateway's own family reaches the upstream"
    NOT_LIST = "the answer does not name the forbidden model"
    END = "the stream ends, here and at the upstream"


@unique
class Need(StrEnum):
    """What a probe cannot be played without."""

    NOTHING = ""
    JWT = "the token is no signed JWT"
    SIGNER = "needs --issuer-key"
    PERMITTED = "needs --token-permitted"
    REVOKE = "needs --revoke"


@unique
class Then(StrEnum):
    """What is done while the answer runs."""

    READ = "read on"
    LEAVE = "leave"
    REVOKE = "revoke"


class Attempt(Struct, frozen=True):
    """What is written: `first` on connections of their own, then `sent`, and `frames` once that has become a WebSocket.

    `warm` comes before `sent` on its own connection, each request when the one before has been answered.
    """

    sent: bytes
    frames: tuple[bytes, ...] = ()
    first: tuple[bytes, ...] = ()
    then: Then = Then.READ
    warm: tuple[bytes, ...] = ()


class Probe(Struct, frozen=True):
    """One hole. `control` is the probe without which this one says nothing; `failing`: the upstream answers 500."""

    kind: str
    name: str
    hole: str
    seen: str
    make: Callable[[Target], Attempt]
    must: Must = Must.KEEP_MODEL
    control: str = "chat"
    needs: Need = Need.NOTHING
    failing: bool = False

    def __repr__(self) -> str:
        return f"<Probe {self.kind}: {self.name}>"
