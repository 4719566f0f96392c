"""Several workers of one machine, one answer: the sums stay right while workers start, stop and are killed."""

import fcntl
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.audit.instruments import Definition, Kind, Merge
from gateway.audit.lockfile import MetricsUnavailableError, locked
from gateway.audit.metrics import Metrics
from gateway.audit.workers import RETIRED, Readings, merge, read_worker

WORKER = """
import sys
from pathlib import Path
from gateway.audit.metrics import Metrics
metrics = Metrics(Path(sys.argv[1]), sys.argv[2])
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


class Worker:
    """A real process that counts what it is told to."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(run_dir), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, *statements: str) -> None:
        """Carry out each statement over `metrics` and wait until that is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for statement in statements:
            print(statement, file=self.process.stdin, flush=True)
            assert self.process.stdout.readline() == "done\n"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=10)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    workers = Worker(tmp_path, "w1"), Worker(tmp_path, "w2")
    yield workers
    for worker in workers:
        worker.kill()


def shown(metrics: Metrics, name: str) -> float | None:
    """Give the value of one sample as a scraper sees it."""
    for line in metrics.render()[0].decode().splitlines():
        if line.startswith(f"gateway_{name} "):
            return float(line.rsplit(" ", 1)[1])
    return None


def test_any_worker_answers_for_all(tmp_path: Path, two: tuple[Worker, Worker]) -> None:
    first, second = two
    first.do("metrics.client_aborts.inc(3)", "metrics.decision_seconds.observe(0.5)", "metrics.streams_open.labels('m').inc(10)")
    second.do("metrics.client_aborts.inc(4)", "metrics.decision_seconds.observe(0.5)", "metrics.streams_open.labels('m').inc(20)")
    own = Metrics(tmp_path, "w0")
    own.client_aborts.inc(5)
    assert shown(own, "client_aborts_total") == 12
    assert shown(own, "decision_seconds_count") == 2
    assert shown(own, 'streams_open{model="m"}') == 30
    assert shown(own, "workers") == 3


def test_gauges_show_the_worker_that_is_worst_off(tmp_path: Path, two: tuple[Worker, Worker]) -> None:
    first, second = two
    first.do(
        "metrics.store_up.set(1)", "metrics.policy_revision.set(8)", "metrics.canary_seconds.set(0.1)", "metrics.policy_age_seconds.set(5)"
    )
    second.do(
        "metrics.store_up.set(0)", "metrics.policy_revision.set(7)", "metrics.canary_seconds.set(0.9)", "metrics.policy_age_seconds.set(50)"
    )
    own = Metrics(tmp_path, "w0")
    assert shown(own, "store_up") == 0
    assert shown(own, "policy_revision") == 7
    assert shown(own, "canary_seconds") == 0.9
    assert 50 <= (shown(own, "policy_age_seconds") or 0) < 60


def test_counters_never_fall_when_a_worker_is_killed_but_its_gauges_go(tmp_path: Path, two: tuple[Worker, Worker]) -> None:
    first, second = two
    first.do("metrics.client_aborts.inc(3)", "metrics.revocation_seconds.observe(0.002)", "metrics.connections_open.inc(100)")
    second.do("metrics.client_aborts.inc(4)", "metrics.connections_open.inc(1)")
    own = Metrics(tmp_path, "w0")
    assert shown(own, "connections_open") == 101
    first.kill()
    for _ in range(3):
        assert shown(own, "client_aborts_total") == 7
        assert shown(own, "revocation_seconds_count") == 1
        assert shown(own, "connections_open") == 1
        assert shown(own, "workers") == 2
    assert len(list(tmp_path.glob("*.values"))) == len(list(tmp_path.glob("*.names"))) == 2


def test_a_worker_that_took_over_the_name_of_a_dead_one_counts_on_its_own(tmp_path: Path) -> None:
    for _ in range(3):
        ended = Metrics(tmp_path, "w1")
        ended.client_aborts.inc(10)
        ended.close()
    assert shown(Metrics(tmp_path, "w1"), "client_aborts_total") == 30
    assert len(list(tmp_path.glob("*.values"))) == 1


def test_a_crash_between_retiring_and_removing_counts_nothing_twice(tmp_path: Path) -> None:
    ended = Metrics(tmp_path, "w1")
    ended.client_aborts.inc(10)
    ended.close()
    kept = {path: path.read_bytes() for path in tmp_path.glob("metrics-w1-*")}
    own = Metrics(tmp_path, "w0")
    assert shown(own, "client_aborts_total") == 10
    for path, content in kept.items():
        path.write_bytes(content)
    assert shown(own, "client_aborts_total") == 10
    assert not any(path.exists() for path in kept)


def test_a_name_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    ended = Metrics(tmp_path, "w1")
    ended.client_aborts.inc(10)
    ended.close()
    (values,) = tmp_path.glob("*.values")
    names = values.with_suffix(".names")
    names.write_bytes(names.read_bytes() + b'[9999,1,"cut sh')
    assert read_worker(values)["client_aborts_total", ()] == [10.0]


def test_values_without_names_are_an_empty_worker(tmp_path: Path) -> None:
    Metrics(tmp_path, "w1").close()
    (names,) = tmp_path.glob("*.names")
    names.unlink()
    assert shown(Metrics(tmp_path, "w0"), "client_aborts_total") == 0


def test_retired_sums_that_were_spoiled_start_again(tmp_path: Path) -> None:
    own = Metrics(tmp_path, "w0")
    own.client_aborts.inc()
    (tmp_path / RETIRED).write_bytes(b"\0\0\0")
    assert shown(own, "client_aborts_total") == 1


def test_sums_of_another_version_are_left_out_where_their_shape_differs(tmp_path: Path) -> None:
    (tmp_path / RETIRED).write_bytes(
        msgspec.json.encode({"folded": [], "series": [["decision_seconds", [], [1.0, 2.0]], ["gone_total", [], [5.0]]]})
    )
    own = Metrics(tmp_path, "w0")
    assert shown(own, "decision_seconds_count") == 0
    assert shown(own, "gone_total") is None


def test_a_lock_that_is_never_released_is_an_error_and_no_wrong_number(tmp_path: Path) -> None:
    with (tmp_path / "metrics.lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(MetricsUnavailableError, match="is a worker stopped"), locked(tmp_path, patience=0.01):
            pytest.fail("the lock was held")


def test_where_the_disk_is_full_the_dead_are_read_again_next_time(tmp_path: Path) -> None:
    ended = Metrics(tmp_path, "w1")
    ended.client_aborts.inc(10)
    ended.close()
    own = Metrics(tmp_path, "w0")
    draft = tmp_path / "metrics-retired.draft"
    draft.symlink_to("/dev/full")
    assert [shown(own, "client_aborts_total") for _ in range(2)] == [10, 10]
    draft.unlink()
    assert [shown(own, "client_aborts_total") for _ in range(2)] == [10, 10]
    assert (tmp_path / RETIRED).exists()


def test_merging_is_what_each_metric_says() -> None:
    definitions = {how.value: Definition(how.value, Kind.GAUGE, "", (), how) for how in Merge}
    workers: list[Readings] = [{(how.value, ()): [value] for how in Merge} for value in (3.0, 1.0, 2.0)]
    merged = merge(workers, {}, definitions, 10.0)
    assert {name: values for (name, _), values in merged.items()} == {
        "sum": [6.0],
        "max": [3.0],
        "min": [1.0],
        "age": [9.0],
        "workers": [3.0],
    }
