"""One set of numbers out of many workers: the living are read, the dead are retired so that their counts are never lost."""

import fcntl
import math
import os
import time
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.audit.instruments import Definition, Kind, Merge
from gateway.audit.lockfile import locked
from gateway.audit.slots import WIDTH, Name, Slots

Key = tuple[str, tuple[str, ...]]
Readings = dict[Key, list[float]]

RETIRED: Final = "metrics-retired.json"


class Retired(Struct):
    """Sums of workers that ended, and the files that are already in them: a crash between sum and removal counts nothing twice."""

    folded: list[str] = []
    series: list[tuple[str, tuple[str, ...], list[float]]] = []


def read_all(run_dir: Path | None, own: Slots, definitions: Mapping[str, Definition]) -> Readings:
    """Merge this worker's numbers with those of all others in `run_dir`, living or ended."""
    if run_dir is None:
        return merge([_pick(own.names, own.values)], {}, definitions, time.monotonic())
    with locked(run_dir):
        living, ended = _sort(run_dir)
        retired = _retire(run_dir, ended, definitions)
        readings = [read_worker(path) for path in living]
    return merge(readings, retired, definitions, time.monotonic())


def _sort(run_dir: Path) -> tuple[list[Path], list[Path]]:
    living: list[Path] = []
    ended: list[Path] = []
    for path in sorted(run_dir.glob("metrics-*.values")):
        (living if _alive(path) else ended).append(path)
    return living, ended


def _alive(path: Path) -> bool:
    """Tell whether a worker still holds the lock of its file: a process number may be anybody's by now, a lock is not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_worker(path: Path) -> Readings:
    """Read one worker's values by its names; a name that is not whole yet has counted nothing."""
    names = _read_names(path.with_suffix(".names"))
    size = max((first + width for first, width, _, _ in names), default=0)
    values = array("d")
    with path.open("rb") as file:
        values.frombytes(file.read(size * WIDTH))
    return _pick(names, values)


def _read_names(path: Path) -> list[Name]:
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Name) for line in path.read_bytes().rpartition(b"\n")[0].splitlines()]


def _pick(names: Iterable[Name], values: "array[float] | memoryview[float]") -> Readings:
    return {(metric, labels): list(values[first : first + width]) for first, width, metric, labels in list(names)}


def _retire(run_dir: Path, ended: list[Path], definitions: Mapping[str, Definition]) -> Readings:
    """Add the counts of workers that ended to the retired sums, exactly once, and remove their files."""
    retired = _load(run_dir / RETIRED)
    sums: Readings = {(metric, labels): values for metric, labels, values in retired.series}
    fresh = [path for path in ended if path.name not in retired.folded]
    for path in fresh:
        for series, values in read_worker(path).items():
            if _lasting(definitions.get(series[0])):
                _add(sums, series, values)
    if not fresh or _store(run_dir / RETIRED, Retired([path.name for path in ended], [(*key, values) for key, values in sums.items()])):
        _remove(ended)
    return sums


def _remove(ended: list[Path]) -> None:
    for path in ended:
        path.unlink()
        path.with_suffix(".names").unlink(missing_ok=True)


def _load(path: Path) -> Retired:
    """Read the retired sums; a file that a power cut spoiled counts for nothing, as after any restart of counters."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Retired)
    except (FileNotFoundError, msgspec.MsgspecError):
        return Retired()


def _store(path: Path, retired: Retired) -> bool:
    draft = path.with_suffix(".draft")
    try:
        draft.write_bytes(msgspec.json.encode(retired))
        draft.replace(path)
    except OSError:  # a full disk: the files of the dead stay, and are read again next time
        return False
    return True


def _lasting(definition: Definition | None) -> bool:
    return definition is not None and definition.kind is not Kind.GAUGE


def _add(sums: Readings, series: Key, values: list[float]) -> None:
    old = sums.get(series)
    sums[series] = [a + b for a, b in zip(old, values, strict=True)] if old is not None and len(old) == len(values) else values


def merge(workers: list[Readings], retired: Readings, definitions: Mapping[str, Definition], steady: float) -> Readings:
    """Make one number per series; `steady` (monotonic seconds) is the instant for ages. Key of unknown shape are left out."""
    sums: Readings = {}
    for readings in (retired, *workers):
        for series, values in readings.items():
            definition = definitions.get(series[0])
            if definition is not None and len(values) == definition.width:
                _combine(sums, series, values, definition.merge)
    for series, values in sums.items():
        if definitions[series[0]].merge is Merge.AGE:
            sums[series] = [max(0.0, steady - values[0])]
    sums["workers", ()] = [float(len(workers))]
    return sums


def _combine(sums: Readings, series: Key, values: list[float], how: Merge) -> None:
    if how is Merge.SUM:
        _add(sums, series, values)
    elif not math.isnan(values[0]):
        old = sums.get(series, values)
        sums[series] = [max(old[0], values[0]) if how is Merge.MAX else min(old[0], values[0])]
