"""How much is measured: the quick plan ends within a minute, the full one within eight."""

from typing import Final

from msgspec import Struct


class CutPlan(Struct, frozen=True):
    """Streams that run, events a second of each, workers that serve them; how often one organisation is revoked, how often all are."""

    streams: int
    pace: float
    of_one: int
    of_all: int
    workers: int = 1


class Plan(Struct, frozen=True):
    """Numbers of rounds, seconds of each, connections and streams. `pace`: events a second of each stream."""

    connections: tuple[int, ...] = (32, 1, 256)
    rounds: int = 5
    round_seconds: int = 3
    further_rounds: int = 2  # for connections after the first
    extra_rounds: int = 2  # where others disturbed more than half
    stream_rounds: int = 3
    stream_seconds: float = 4.0
    streams: int = 100
    pace: float = 100.0
    memory_streams: tuple[int, ...] = (1_000, 10_000)
    edits: int = 100
    cuts: tuple[CutPlan, ...] = (
        CutPlan(streams=1, pace=100.0, of_one=20, of_all=0),
        CutPlan(streams=1_000, pace=5.0, of_one=10, of_all=3),
        CutPlan(streams=10_000, pace=1.0, of_one=5, of_all=1),
        CutPlan(streams=1_000, pace=5.0, of_one=6, of_all=2, workers=4),
    )


FULL: Final = Plan()
QUICK: Final = Plan(
    connections=(32,),
    rounds=2,
    round_seconds=2,
    extra_rounds=0,
    stream_rounds=1,
    stream_seconds=2.0,
    memory_streams=(500,),
    edits=15,
    cuts=(CutPlan(streams=1, pace=100.0, of_one=2, of_all=0), CutPlan(streams=300, pace=5.0, of_one=1, of_all=1)),
)
MEMORY_PACE: Final = 0.2
