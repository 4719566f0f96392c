"""How much is measured: the quick plan ends within a minute, the full one within six."""

from typing import Final

from msgspec import Struct


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
    single_cuts: int = 40
    mass_cuts: int = 5
    mass_streams: int = 1_000
    mass_pace: float = 5.0


FULL: Final = Plan()
QUICK: Final = Plan(
    connections=(32,),
    rounds=2,
    round_seconds=2,
    extra_rounds=0,
    stream_rounds=1,
    stream_seconds=2.5,
    memory_streams=(1_000,),
    edits=30,
    single_cuts=10,
    mass_cuts=1,
)
MEMORY_PACE: Final = 0.2
SINGLE_PACE: Final = 100.0
