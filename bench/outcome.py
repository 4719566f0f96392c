"""Everything that one run found, as it is written to `--out`."""

from msgspec import Struct

from bench.cores import Cores
from bench.cuts import CutFigures
from bench.duties import Duties
from bench.plan import Plan
from bench.requests import RequestFigures
from bench.revocation import EditFigures
from bench.streams import EventFigures, MemoryFigures


class Outcome(Struct):
    """Lists are empty where a part was not asked for."""

    command: str
    started: str
    seconds: float
    versions: dict[str, str]
    cores: Cores
    plan: Plan
    requests: list[RequestFigures] = []
    events: list[EventFigures] = []
    memory: list[MemoryFigures] = []
    edits: list[EditFigures] = []
    cuts: list[CutFigures] = []
    duties: Duties = Duties()
    failures: list[str] = []

    @property
    def refusals(self) -> list[str]:
        """Every figure that is not reported, with the reason."""
        requests = [f"{one.peer}, {one.connections} connections: {one.refused}" for one in self.requests if one.refused]
        return requests + [f"{one.peer}, {one.streams} streams: {one.refused}" for one in self.events if one.refused]
