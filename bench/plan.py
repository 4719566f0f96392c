"""How much is measured: the quick plan ends within two minutes, the full one within twenty-five."""

from typing import Final

from msgspec import Struct

from bench.requests import Case


class CutPlan(Struct, frozen=True):
    """Streams that run, events a second of each, workers that serve them; how often one organisation is revoked, how often all are."""

    streams: int
    pace: float
    of_one: int
    of_all: int
    workers: int = 1


class Plan(Struct, frozen=True):
    """Numbers of rounds, seconds of each, connections and streams. `pace`: events a second of each stream."""

    cases: tuple[Case, ...] = (
        Case(connections=32, rounds=4),
        Case(connections=1, rounds=2, seconds=2),
        Case(connections=256, rounds=2),
    )
    bodies: tuple[Case, ...] = (
        Case(connections=32, rounds=2, seconds=2, body=100_000),
        Case(connections=8, rounds=2, seconds=2, body=4_000_000),
    )
    denials: Case = Case(connections=32, rounds=2, seconds=2, denied=True)
    modes: Case = Case(connections=32, rounds=3, seconds=2)
    workers: Case = Case(connections=32, rounds=3, seconds=2)
    extra_rounds: int = 2  # where others disturbed more than half
    shares: tuple[float, ...] = (0.2, 0.5, 0.8)
    latency_seconds: float = 4.0
    first_events: int = 100
    stream_rounds: int = 3
    stream_seconds: float = 4.0
    streams: int = 100
    pace: float = 100.0
    memory_streams: tuple[int, ...] = (1_000, 10_000)
    cold_seconds: float = 3.0
    grants: tuple[int, ...] = (100, 100_000, 1_000_000)
    reloads: int = 2
    pushes: tuple[int, ...] = (1, 100, 1_000)
    decision_sizes: tuple[int, ...] = (1, 100, 10_000, 100_000)
    directives: tuple[int, ...] = (0, 10, 50, 200)
    leases: tuple[int, ...] = (1_000, 10_000, 100_000)
    step_seconds: int = 12
    edits: int = 100
    cuts: tuple[CutPlan, ...] = (
        CutPlan(streams=1, pace=100.0, of_one=20, of_all=0),
        CutPlan(streams=1_000, pace=5.0, of_one=10, of_all=3),
        CutPlan(streams=10_000, pace=1.0, of_one=5, of_all=1),
        CutPlan(streams=1_000, pace=5.0, of_one=6, of_all=2, workers=4),
    )


FULL: Final = Plan()
QUICK: Final = Plan(
    cases=(Case(connections=32, rounds=2, seconds=2),),
    bodies=(Case(connections=32, rounds=1, seconds=1, body=100_000),),
    denials=Case(connections=32, rounds=1, seconds=1, denied=True),
    modes=Case(connections=32, rounds=1, seconds=1),
    workers=Case(connections=32, rounds=1, seconds=1),
    extra_rounds=0,
    shares=(0.5,),
    latency_seconds=1.0,
    first_events=20,
    stream_rounds=1,
    stream_seconds=2.0,
    memory_streams=(500,),
    cold_seconds=1.0,
    grants=(100, 10_000),
    reloads=1,
    pushes=(1, 100),
    decision_sizes=(1, 10_000),
    directives=(0, 200),
    leases=(1_000,),
    step_seconds=6,
    edits=15,
    cuts=(CutPlan(streams=1, pace=100.0, of_one=2, of_all=0), CutPlan(streams=300, pace=5.0, of_one=1, of_all=1)),
)
MEMORY_PACE: Final = 0.2

PARTS: Final = {
    "requests": 420,
    "denials": 90,
    "latency": 300,
    "events": 180,
    "bodies": 200,
    "memory": 200,
    "cold": 150,
    "modes": 90,
    "workers": 60,
    "pushes": 30,
    "reload": 180,
    "decisions": 60,
    "steps": 60,
    "revocation": 240,
}
"""What can be measured, and the seconds that it may take at most."""
QUICK_PARTS: Final = ("requests", "latency", "events", "steps", "decisions", "revocation")
QUICK_SERVERS: Final = ("gate", "nginx-lua", "haproxy", "envoy", "aiohttp", "nginx")
REMEMBERING: Final = ("nginx-lua", "haproxy", "envoy")
"""Servers whose cold tokens are compared with the gate's."""
ONLY_ASKED: Final = ("litellm", "haproxy-verifying")
"""Servers that are measured in the first case of `requests` alone: one is so slow that it would fill the rest, one but a variant."""
