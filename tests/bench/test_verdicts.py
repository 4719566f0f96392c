"""A bench that prints a number must be right about whose number it is."""

import msgspec
import pytest

from bench.figures import distribution, figure
from bench.generator import Load
from bench.requests import Round, summed_up
from bench.watchman import Shares, disturbance, load_limit


def shares(server: float = 1.0, load: float = 0.6, foreign: float = 0.0) -> Shares:
    return Shares(seconds=3.0, server_cpu=server - foreign, server_busy=server, load_cpu=load, load_busy=load)


def one_round(of: Shares, requests: int = 30_000) -> Round:
    load = Load(requests=requests, microseconds=3_000_000, refused=0, unconnected=0, broken=0, late=0, p50=900.0, p99=4_000.0)
    return Round(load, of, 90.0)


def test_a_saturated_server_is_reported() -> None:
    found = summed_up("gate", 32, [one_round(shares())] * 3)
    assert found.rate is not None
    assert found.rate.median == 10_000
    assert (found.refused, found.remark) == ("", "")


def test_a_generator_at_its_end_before_an_idle_server_is_no_figure_of_the_server() -> None:
    found = summed_up("gate", 32, [one_round(shares(server=0.8, load=0.99))] * 3)
    assert found.rate is None
    assert "generator or upstream was the limit" in found.refused


def test_a_server_that_nobody_saturates_has_no_capacity_to_report() -> None:
    found = summed_up("gate", 32, [one_round(shares(server=0.7, load=0.5))] * 3)
    assert "not at its limit" in found.refused


def test_one_connection_measures_the_way_there_and_back_and_saturates_nobody() -> None:
    found = summed_up("gate", 1, [one_round(shares(server=0.5, load=0.5))] * 3)
    assert found.rate is not None


def test_rounds_that_others_disturbed_do_not_count_while_there_are_quiet_ones() -> None:
    found = summed_up("gate", 32, [one_round(shares(foreign=0.5), 6_000), one_round(shares()), one_round(shares())])
    assert found.rate is not None
    assert found.rate.low == 10_000
    assert found.remark == ""
    assert len(found.rounds) == 3


def test_a_round_in_which_everything_stood_still_does_not_count() -> None:
    stuck = one_round(shares(), 300)
    stuck = Round(msgspec.structs.replace(stuck.load, late=32), stuck.shares, stuck.cpu_microseconds)
    found = summed_up("gate", 32, [stuck, one_round(shares())])
    assert found.rate is not None
    assert found.rate.low == 10_000
    assert "32 answers" in summed_up("gate", 32, [stuck]).remark


def test_figures_from_disturbed_rounds_alone_say_so() -> None:
    assert "50%" in summed_up("gate", 32, [one_round(shares(foreign=0.5))]).remark


def test_the_way_straight_to_the_upstream_is_the_limit_of_the_load_itself() -> None:
    found = summed_up("direct", 32, [one_round(shares(server=0.0, load=1.0))])
    assert found.rate is not None


def test_others_on_the_load_core_are_named() -> None:
    busy = Shares(seconds=1.0, server_cpu=0.5, server_busy=0.5, load_cpu=0.2, load_busy=1.0)
    assert "80% by others" in load_limit([busy])
    assert "80%" in disturbance([busy])


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (100, 50, 99), (1000, 500, 990)])
def test_percentiles_are_by_nearest_rank(count: int, p50: float, p99: float) -> None:
    found = distribution([float(value) for value in range(count, 0, -1)])
    assert (found.p50, found.p99, found.greatest, found.count) == (p50, p99, count, count)


def test_the_spread_is_half_of_the_range() -> None:
    found = figure([90.0, 100.0, 120.0])
    assert found.median == 100
    assert found.spread == pytest.approx(0.15)
