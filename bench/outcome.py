"""Everything that one run found, as it is written to `--out`."""

from msgspec import Struct

from bench.coldtokens import ColdFigures
from bench.cores import Cores
from bench.cuts import CutFigures
from bench.decisions import DecisionFigures, SweepFigures
from bench.duties import Duties
from bench.latency import FirstEventFigures, LatencyFigures
from bench.plan import Plan
from bench.pushes import PushFigures
from bench.reloads import ReloadFigures
from bench.requests import RequestFigures
from bench.revocation import EditFigures
from bench.steps import StepFigures
from bench.streams import EventFigures, MemoryFigures


class Outcome(Struct):
    """Lists are empty where a part was not asked for. `commands`: how each server was started."""

    command: str
    started: str
    seconds: float
    versions: dict[str, str]
    cores: Cores
    plan: Plan
    commands: dict[str, str] = {}
    requests: list[RequestFigures] = []
    denials: list[RequestFigures] = []
    bodies: list[RequestFigures] = []
    modes: list[RequestFigures] = []
    workers: list[RequestFigures] = []
    latency: list[LatencyFigures] = []
    first_events: list[FirstEventFigures] = []
    events: list[EventFigures] = []
    memory: list[MemoryFigures] = []
    cold: list[ColdFigures] = []
    reloads: list[ReloadFigures] = []
    pushes: list[PushFigures] = []
    decisions: list[DecisionFigures] = []
    sweeps: list[SweepFigures] = []
    steps: StepFigures | None = None
    edits: list[EditFigures] = []
    cuts: list[CutFigures] = []
    duties: Duties = Duties()
    failures: list[str] = []

    @property
    def refusals(self) -> list[str]:
        """Every figure that is not reported, with the reason."""
        asked = (*self.requests, *self.denials, *self.bodies, *self.modes)
        requests = [f"{one.case}: {one.refused}" for one in asked if one.refused]
        requests += [f"{one.peer} at {one.share:.0%} load: {one.refused}" for one in self.latency if one.refused]
        return requests + [f"{one.peer}, {one.streams} streams: {one.refused}" for one in self.events if one.refused]
