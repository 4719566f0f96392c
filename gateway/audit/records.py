"""One line of evidence per decision, and one per answer that ended: who asked for what, what was decided, by which rule.

Pure: the caller says what time it is. A record holds no prompt, no completion, no nationality and no address; the subject is
an HMAC under a key of the operator's, named by its id, so that one person's records can be found without naming the person.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec import Struct, field, structs

from gateway.policy.vocabulary import Reason

Ending = Literal["complete", "cut", "client_gone", "upstream_failed", "refused", "gone_quiet"]
"""How an answer ended: whole; cut because permission was lost; the caller left; the upstream broke off; nothing was sent on; neither
side of a WebSocket had anything more to say."""


class DecisionRecord(Struct, frozen=True, gc=False):
    """What was decided about one request. `time` is RFC 3339 UTC; `model` as the caller named it, `model_id` from the catalogue.

    `subject` is the HMAC-SHA256 (first 128 bits) of issuer and subject, empty where no key is configured. `stage`, `authority` and
    `rule` are those that decided; `revision` and `digest` name the policy; `location_source` says what told the location. `class_`: as
    what the organisation is on the model's list, empty where it is not on it.
    """

    time: str
    decision_id: str
    request_id: str
    worker: str
    decision: Literal["permit", "deny"]
    reasons: tuple[Reason, ...]
    rule: str
    route: str
    model: str
    model_id: str
    stage: str
    issuer: str
    organisation: str
    subject: str
    subject_key: str
    authority: str
    revision: int
    digest: str
    location_source: str
    class_: Literal["partner", "evaluator", ""] = field(default="", name="class")
    phase: Literal["decision"] = "decision"
    version: int = 1


class OutcomeRecord(Struct, frozen=True, gc=False):
    """How the answer to a permitted request ended. `seconds` since the request came; `bytes_sent` of body to the caller.

    `reasons` and `revision` are those of the decision that cut it, where one did; `status` is the one the caller saw, 0 if none.
    """

    time: str
    decision_id: str
    request_id: str
    worker: str
    ending: Ending
    status: int
    seconds: float
    bytes_sent: int
    reasons: tuple[Reason, ...] = ()
    revision: int = 0
    phase: Literal["outcome"] = "outcome"
    version: int = 1


_encode: Final = msgspec.json.Encoder().encode


def encode(record: DecisionRecord | OutcomeRecord) -> bytes:
    """Give the record as one line of JSON, without the line's end."""
    try:
        return _encode(record)
    except UnicodeEncodeError:
        return _encode(_spelled_out(record))


def _spelled_out(record: DecisionRecord | OutcomeRecord) -> DecisionRecord | OutcomeRecord:
    """Write lone surrogates, which UTF-8 cannot hold, as escapes: a caller's odd name must not cost the record."""
    odd = {
        name: value.encode("utf-8", "backslashreplace").decode() for name, value in structs.asdict(record).items() if isinstance(value, str)
    }
    return structs.replace(record, **odd)


@lru_cache(maxsize=4)
def _second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(epoch: float) -> str:
    """Write an instant as RFC 3339 UTC with microseconds; the calendar is worked out once a second."""
    whole = int(epoch // 1)
    return f"{_second(whole)}.{int((epoch - whole) * 1e6):06d}Z"


class Form(Struct, frozen=True):
    """A decision record but for its time and its ids, for the many requests of one caller that are decided alike."""

    rest: bytes

    def line(self, epoch: float, request_id: bytes) -> bytes:
        """Give the record of the request `request_id`, decided at `epoch`; its decision has the same id."""
        whole = int(epoch // 1)
        return b'{"time":"%b.%06dZ","decision_id":"%b","request_id":"%b",%b' % (
            _second(whole).encode(),
            (epoch - whole) * 1e6,
            request_id,
            request_id,
            self.rest,
        )


def form_of(record: DecisionRecord) -> Form:
    """Make the form of `record`."""
    whole = encode(structs.replace(record, time="", decision_id="", request_id=""))
    start = b'{"time":"","decision_id":"","request_id":"",'
    return Form(whole.removeprefix(start))
