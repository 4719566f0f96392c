"""wrk as the generator of requests: its script, one run of it, and what it saw."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.call import Call
from bench.problem import BenchError
from bench.program import find

_numbers: Final[Iterator[int]] = itertools.count(1)
_MARK: Final = "FIGURES "
_SCRIPT: Final = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
{headers}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{mark}{{"requests":%d,"microseconds":%d,"refused":%d,"unconnected":%d,"broken":%d,"late":%d,"p50":%g,"p99":%g}}\\n',
    summary.requests, summary.duration, e.status, e.connect, e.read + e.write, e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


class Load(Struct, frozen=True):
    """One run: `refused` answers were not 2xx, `unconnected` and `broken` count connections, `late` answers took over two seconds.

    Latencies in microseconds, closed loop: under a full core they say how long the queue is, not what the server adds.
    """

    requests: int
    microseconds: int
    refused: int
    unconnected: int
    broken: int
    late: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests * 1e6 / self.microseconds


class Generator:
    """Sends the same call over and over, on `connections` connections. `refused`: every answer must be a refusal, else every one 2xx."""

    def __init__(self, directory: Path, call: Call, core: int, *, refused: bool = False) -> None:
        self._core = core
        self._refused = refused
        self._script = directory / f"wrk-{next(_numbers)}.lua"
        headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in call.headers.items())
        self._script.write_text(_SCRIPT.format(body=call.body.decode(), headers=headers, mark=_MARK))
        self._path = call.path

    def __repr__(self) -> str:
        return f"<Generator wrk {self._path}>"

    def run(self, port: int, connections: int, seconds: int) -> Load:
        """Load the server at `port`. Raises BenchError if any answer was another one or a connection broke."""
        command = [find("taskset"), "-c", str(self._core), find("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(self._script)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{self._path}"], capture_output=True, text=True, timeout=seconds + 30, check=False
        )
        line = next((line for line in done.stdout.splitlines() if line.startswith(_MARK)), None)
        if line is None:
            raise BenchError(f"wrk gave no figures: {done.stdout[-500:]}{done.stderr[-500:]}")
        load = msgspec.json.decode(line.removeprefix(_MARK), type=Load)
        if load.refused != (load.requests if self._refused else 0) or load.unconnected or load.broken or not load.requests:
            raise BenchError(f"port {port}, {connections} connections: not every answer was good: {load}")
        return load
