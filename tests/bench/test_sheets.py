"""The tables and the aims, from a run of made-up figures."""

import pytest

from bench.cores import Cores
from bench.figures import Figure
from bench.generator import Load
from bench.outcome import Outcome
from bench.plan import FULL
from bench.requests import RequestFigures, Round, summed_up
from bench.sheet import Sheet
from bench.sheets import all_sheets
from bench.sheets.aims import aims_sheet
from bench.steps import Step, StepFigures
from bench.streams import EventFigures
from bench.watchman import Shares


def asked(peer: str, rate: int, cpu: float, taken: float = 0.0) -> RequestFigures:
    shares = Shares(seconds=3.0, server_cpu=1.0 - taken, server_busy=1.0, load_cpu=0.6, load_busy=0.6)
    load = Load(requests=rate * 3, microseconds=3_000_000, refused=0, unconnected=0, broken=0, late=0, p50=900.0, p99=4_000.0)
    return summed_up(peer, 32, [Round(load, shares, cpu)] * 3)


def events(peer: str, cpu: float) -> EventFigures:
    return EventFigures(peer, 100, 10_000.0, Figure(cpu, cpu, cpu), 0.3, "", "", ())


def outcome(**found: object) -> Outcome:
    versions = {"processor": "made up", "cores": "2", "kernel": "6", "commit": ""}
    told = Outcome("python -m bench", "2026-11-27", 1.0, versions, Cores(server=1, load=0), FULL)
    for name, value in found.items():
        setattr(told, name, value)
    return told


def aims(told: Outcome) -> dict[str, tuple[str, str]]:
    (sheet,) = aims_sheet(told)
    return {row[0]: (row[2], row[3]) for row in sheet.rows}


def named(told: Outcome) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in all_sheets(told)}


def test_an_aim_is_reached_or_missed_by_the_ratio_of_rates() -> None:
    found = aims(outcome(requests=[asked("gate", 20_000, 50), asked("nginx + Lua", 25_000, 40), asked("Envoy", 15_000, 66)]))
    assert found["requests/s, nginx + Lua = 1"] == ("0.80", "yes")
    assert found["requests/s, Envoy = 1"] == ("1.33", "no")


def test_where_others_took_the_core_the_ratio_is_of_cpu() -> None:
    found = aims(outcome(requests=[asked("gate", 9_000, 50, taken=0.5), asked("HAProxy", 20_000, 90)]))
    assert found["requests/s, HAProxy = 1"] == ("1.80 (CPU)", "yes")


def test_a_rate_that_others_took_part_of_is_not_reported_but_its_cpu_is() -> None:
    one = asked("gate", 9_000, 50, taken=0.5)
    assert one.rate is None
    assert "others used 50% of the server's core" in one.refused
    (row,) = named(outcome(requests=[one]))["requests"].rows
    assert row[3] == "not reported"
    assert row[5].startswith("50.0")


def test_events_are_compared_with_the_floor() -> None:
    assert aims(outcome(events=[events("gate", 12.0), events("nginx (no checks)", 11.0)])) == {
        "CPU per relayed event, nginx without checks = 1": ("1.09", "yes")
    }


def test_the_steps_add_up_to_the_request() -> None:
    steps = (Step("kernel: send", 0.6, 30.0), Step("wire", 0.397, 19.85), Step("clock", 0.003, 0.15))
    sheet = named(outcome(steps=StepFigures(50.0, 0.6, 1000, steps)))["steps"]
    assert sum(float(row[1]) for row in sheet.rows[:-1]) == pytest.approx(float(sheet.rows[-1][1]), abs=0.1)
    assert sheet.rows[-2][0] == "1 others"


def test_a_run_that_measured_nothing_has_no_tables() -> None:
    assert all_sheets(outcome()) == []
