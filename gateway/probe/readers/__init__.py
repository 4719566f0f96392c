"""What readers of other habits would take a forwarded request to ask for. `readings` collects all of them. Pure.

An upstream may be any of these readers, so a gateway that forwards what two of them read differently has decided nothing.
"""

from collections.abc import Iterator
from typing import Final

from gateway.probe.arrival import Arrival
from gateway.probe.readers.bodies import decodings
from gateway.probe.readers.forms import FIELD, LINE, in_form
from gateway.probe.readers.json_texts import DEEP, LAST, in_json
from gateway.probe.readers.places import PATH, in_headers, in_path, in_query
from gateway.probe.readers.spelling import Reading, names

FRAME: Final = "a frame, "
OPENED: Final = "gzip or zlib: "
PLAIN: Final = frozenset((LAST, PATH, FIELD, FRAME + LAST, FRAME + DEEP, LINE + DEEP))


def readings(arrival: Arrival) -> Iterator[Reading]:
    """Give every model that some reader of this request would take it to name, and who reads it."""
    yield from in_path(arrival.target)
    yield from in_query(arrival.target)
    yield from in_headers(arrival.headers)
    for coding, body in decodings(arrival):
        for reading in (*in_json(body), *in_form(body, arrival.header(b"content-type"))):
            yield Reading(f"{coding}{reading.reader}", reading.model)
    yield from _in_frames(arrival.frames)


def who_reads(arrival: Arrival, model: str) -> list[str]:
    """Name the readers to whom this request names `model`, each once."""
    return list(dict.fromkeys(reading.reader for reading in readings(arrival) if names(reading.model, model)))


def is_plain(reader: str) -> bool:
    """Whether this is how an ordinary upstream reads: what it finds would be run, not only by a reader of other habits."""
    return reader.removeprefix(OPENED) in PLAIN


def _in_frames(frames: list[bytes]) -> Iterator[Reading]:
    whole = [b"".join(frames)] if len(frames) > 1 else []
    for payload in [*frames, *whole]:
        for reading in in_json(payload):
            yield Reading(FRAME + reading.reader, reading.model)
