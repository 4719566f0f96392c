"""What may be done with stored objects where a ledger tells whose they are: one use a line, the ids in its path, its body, its answer.

A line holds the method, the shape of the path, how the body is read (`-`: there is none), and further words:
`gives:PLACE,...` (where the answer holds ids of what is the caller's from then on; `?`: not always), `kind:WORD` (what it is),
`model` or `model?` (the body names one, or may), `names:FIELD,...` (further fields of the body that hold ids), `outlives` (it sets
something going for which nobody waits), `fills` (the first object in the path takes up what the model says), `ends` (the last object
in the path is no more), `scanned` (its body's file must be a batch's that was read line by line).

Every `{slot}` of a path is an id that the ledger must know. Lists of all that there is are not here: they show everybody's. Nor is
what would need an id that no answer to its owner has given.
"""

from enum import StrEnum, unique
from typing import Final

from msgspec import Struct


@unique
class Reading(StrEnum):
    """How the body is read: not at all, as JSON, as a form, as either by its type, as the requests of a batch."""

    NONE = "-"
    JSON = "json"
    FORM = "form"
    EITHER = "either"
    REQUESTS = "requests"


class Use(Struct, frozen=True):
    """One line. `slots` are the segments of the path that hold ids; `gives` are places in the answer, keys parted by dots."""

    reading: Reading
    slots: tuple[int, ...]
    kind: str = "object"
    gives: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def ids(self, path: str) -> tuple[str, ...]:
        """Read the ids in a path of this use."""
        segments = path.split("/")
        return tuple(segments[slot] for slot in self.slots)


LINES: Final = """
POST       /v1/files                                    form   kind:file gives:id
GET        /v1/files/{id}                               -
GET        /v1/files/{id}/content                       -
DELETE     /v1/files/{id}                               -      ends
POST       /v1/uploads                                  json   kind:upload gives:id
POST       /v1/uploads/{id}/parts                       form   kind:part gives:id
POST       /v1/uploads/{id}/complete                    json   kind:file gives:file.id names:part_ids
POST       /v1/uploads/{id}/cancel                      json
GET        /v1/responses/{id}                           -
DELETE     /v1/responses/{id}                           -      ends
POST       /v1/responses/{id}/cancel                    json
GET        /v1/responses/{id}/input_items               -
POST       /v1/conversations                            json   kind:conversation gives:id
GET        /v1/conversations/{id}                       -
POST       /v1/conversations/{id}                       json
DELETE     /v1/conversations/{id}                       -      ends
GET        /v1/conversations/{id}/items                 -
POST       /v1/conversations/{id}/items                 json
POST       /v1/batches                                  json   kind:batch gives:id outlives scanned
GET        /v1/batches/{id}                             -      kind:file gives:output_file_id?,error_file_id?
POST       /v1/batches/{id}/cancel                      json   kind:file gives:output_file_id?,error_file_id?
POST       /v1/vector_stores                            json   kind:vector_store gives:id
GET        /v1/vector_stores/{id}                       -
POST       /v1/vector_stores/{id}                       json
DELETE     /v1/vector_stores/{id}                       -      ends
POST       /v1/vector_stores/{id}/search                json
GET        /v1/vector_stores/{id}/files                 -
POST       /v1/vector_stores/{id}/files                 json
GET        /v1/vector_stores/{id}/files/{file}          -
POST       /v1/vector_stores/{id}/files/{file}          json
DELETE     /v1/vector_stores/{id}/files/{file}          -
GET        /v1/vector_stores/{id}/files/{file}/content  -
POST       /v1/vector_stores/{id}/file_batches          json   kind:file_batch gives:id
GET        /v1/vector_stores/{id}/file_batches/{batch}  -
POST       /v1/vector_stores/{id}/file_batches/{batch}/cancel json
GET        /v1/vector_stores/{id}/file_batches/{batch}/files  -
POST       /v1/fine_tuning/jobs                         json   kind:job gives:id model outlives names:training_file,validation_file
GET        /v1/fine_tuning/jobs/{id}                    -
GET        /v1/fine_tuning/jobs/{id}/events             -
GET        /v1/fine_tuning/jobs/{id}/checkpoints        -
POST       /v1/fine_tuning/jobs/{id}/cancel             json
POST       /v1/assistants                               json   kind:assistant gives:id model
GET        /v1/assistants/{id}                          -
POST       /v1/assistants/{id}                          json
DELETE     /v1/assistants/{id}                          -      ends
POST       /v1/threads                                  json   kind:thread gives:id
GET        /v1/threads/{id}                             -
POST       /v1/threads/{id}                             json
DELETE     /v1/threads/{id}                             -      ends
GET        /v1/threads/{id}/messages                    -
POST       /v1/threads/{id}/messages                    json   kind:message gives:id
GET        /v1/threads/{id}/messages/{message}          -
POST       /v1/threads/{id}/messages/{message}          json
DELETE     /v1/threads/{id}/messages/{message}          -      ends
GET        /v1/threads/{id}/runs                        -
POST       /v1/threads/{id}/runs                        json   kind:run gives:id model? outlives fills
GET        /v1/threads/{id}/runs/{run}                  -
POST       /v1/threads/{id}/runs/{run}                  json
POST       /v1/threads/{id}/runs/{run}/cancel           json
POST       /v1/threads/{id}/runs/{run}/submit_tool_outputs json outlives
GET        /v1/threads/{id}/runs/{run}/steps            -
POST       /v1/containers                               json   kind:container gives:id
GET        /v1/containers/{id}                          -
DELETE     /v1/containers/{id}                          -      ends
GET        /v1/containers/{id}/files                    -
POST       /v1/containers/{id}/files                    either kind:container_file gives:id
GET        /v1/containers/{id}/files/{file}             -
GET        /v1/containers/{id}/files/{file}/content     -
DELETE     /v1/containers/{id}/files/{file}             -      ends
POST       /v1/videos                                   either kind:video gives:id model outlives
GET        /v1/videos/{id}                              -
GET        /v1/videos/{id}/content                      -
DELETE     /v1/videos/{id}                              -      ends
POST       /v1/messages/batches                         requests kind:batch gives:id outlives
GET        /v1/messages/batches/{id}                    -
GET        /v1/messages/batches/{id}/results            -
POST       /v1/messages/batches/{id}/cancel             json
DELETE     /v1/messages/batches/{id}                    -      ends
"""

RESPONSE: Final = Use(Reading.JSON, (), "response", ("id",), words=frozenset(("model",)))
"""`POST /v1/responses`: it runs a model, and its answer is kept unless the body says `"store": false`."""

_WORDS: Final = frozenset(("model", "model?", "outlives", "fills", "ends", "scanned"))


def _read(line: str) -> tuple[str, tuple[str, ...], Use]:
    method, shape, reading, *words = line.split()
    segments = tuple(shape.split("/"))
    named = dict(word.split(":", 1) for word in words if ":" in word)
    flags = frozenset(word for word in words if ":" not in word)
    if flags - _WORDS or named.keys() - {"kind", "gives", "names"}:
        raise ValueError(f"{shape}: unknown words")
    use = Use(
        Reading(reading),
        tuple(place for place, segment in enumerate(segments) if segment.startswith("{")),
        named.get("kind", "object"),
        tuple(filter(None, named.get("gives", "").split(","))),
        frozenset(filter(None, named.get("names", "").split(","))),
        flags,
    )
    return method, segments, use


_Lines = list[tuple[tuple[str, ...], Use]]
_BY_LENGTH: Final[dict[tuple[bytes, int], _Lines]] = {}
for _method, _segments, _use in map(_read, filter(None, LINES.splitlines())):
    _BY_LENGTH.setdefault((_method.encode(), len(_segments)), []).append((_segments, _use))
_MEANINGFUL: Final = frozenset(segment for lines in _BY_LENGTH.values() for shape, _ in lines for segment in shape)


def find_use(method: bytes, path: str) -> Use | None:
    """Find the use of a canonical `path`; None is refused."""
    segments = path.split("/")
    for shape, use in _BY_LENGTH.get((method, len(segments)), ()):
        if all(_fits(segment, expected) for expected, segment in zip(shape, segments, strict=True)):
            return use
    return None


def _fits(segment: str, expected: str) -> bool:
    """Whether a segment is the one expected; a word that has a meaning somewhere in these paths is no id."""
    return segment == expected or (expected.startswith("{") and bool(segment) and segment not in _MEANINGFUL)
