"""What the gate itself says to callers: refusals in their dialect, the list of models that they may use, failures of the upstream."""

from collections.abc import Callable
from typing import Final

from msgspec import structs

from gateway.dialects import House, Refusal, Response, from_denial, from_reason, model_entry, models_page, render
from gateway.dialects.failure import failure
from gateway.policy.access import Instant, Location, Subject
from gateway.policy.decide import visible_models
from gateway.policy.decision import Denial
from gateway.policy.vocabulary import Reason
from gateway.proxy.doors import Doors
from gateway.proxy.evidence import Witness
from gateway.proxy.listener import Connection
from gateway.proxy.message import local_head
from gateway.proxy.request import Request
from gateway.proxy.sources import PolicySource
from gateway.wire.routes import Kind, dialect_of, path_model

UPGRADE_REQUIRED: Final = 426
SPOKEN_HERE: Final = ((b"upgrade", b"websocket"), (b"sec-websocket-version", b"13"))


class Replies:
    """Writes answers that come from no upstream. `house` is what every refusal tells its reader besides the reason."""

    def __init__(self, policy: PolicySource, clock: Callable[[], Instant], witness: Witness, house: House, doors: Doors) -> None:
        self.house = house
        self._policy = policy
        self._clock = clock
        self._witness = witness
        self._doors = doors

    def __repr__(self) -> str:
        return f"<Replies of revision {self._policy.snapshot.revision}>"

    def refuse(self, connection: Connection, request: Request, reason: Reason, detail: str = "") -> None:
        """Refuse what never reached the policy."""
        snapshot = self._policy.snapshot
        denial = Denial((reason,), revision=snapshot.revision)
        self._witness.on_decision(request, denial, snapshot, self._clock(), request.subject, "")
        refusal = structs.replace(from_reason(reason, request.id, request.id, self.house, detail), revision=snapshot.revision)
        self.answer_refusal(connection, request, refusal)

    def answer_refusal(self, connection: Connection, request: Request, refusal: Refusal) -> None:
        """Write a refusal in the caller's dialect."""
        accept = next((value for name, value in request.headers if name == b"accept"), None)
        response = render(dialect_of(request.route, request.headers), refusal, accept)
        if request.status == UPGRADE_REQUIRED:
            response.headers.extend(SPOKEN_HERE)
        self._answer(connection, request, response, request.status or response.status)

    def refusal_of(self, denial: Denial, request: Request, *, conceal: bool = True) -> Refusal:
        """Put a denial into the words for a caller; who was permitted before knows the model, and nothing is to `conceal`."""
        return from_denial(denial, request.id, request.id, self.house, conceal=conceal)

    def fail(self, connection: Connection, request: Request, status: int, problem: str) -> None:
        """Say that the upstream did not answer."""
        response = failure(dialect_of(request.route, request.headers), status, problem, request.id)
        self._answer(connection, request, response, status)

    def show_models(self, connection: Connection, request: Request, subject: Subject, location: Location) -> None:
        """Answer from policy: exactly the models that this caller may use, from where it is, now."""
        snapshot = self._policy.snapshot
        models = visible_models(subject, location, snapshot, self._clock())
        dialect = dialect_of(request.route, request.headers)
        if request.route is not None and request.route.kind is Kind.CATALOGUE:
            body = models_page(dialect, models)
        else:
            name = path_model(request.route, request.envelope.path) if request.route is not None and request.envelope is not None else ""
            model = next((model for model in models if name == model.id or name in model.aliases), None)
            if model is None:
                self.refuse(connection, request, Reason.MODEL_UNKNOWN)
                return
            body = model_entry(dialect, model)
        marks = [(b"x-request-id", request.number), (b"x-gateway-decision-id", request.number)]
        marks.append((b"x-gateway-revision", b"%d" % snapshot.revision))
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *marks]
        self._answer(connection, request, Response(200, headers, body), 200)

    def _answer(self, connection: Connection, request: Request, response: Response, status: int) -> None:
        if connection.closed:
            return
        keep = request.complete and request.keep_alive and not self._doors.draining
        head = local_head(status, response.headers, len(response.body), keep=keep)
        connection.transport.write(head if request.envelope is not None and request.envelope.method == b"HEAD" else head + response.body)
        connection.finish(reusable=keep)
