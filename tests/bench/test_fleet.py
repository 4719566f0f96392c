"""A fleet played from figures: what must grow, what must not, and when a relay tier is called for."""

import pytest
from msgspec import structs

from bench.fleet import HEADROOM, Costs, Demand, relays_for, revoke, size

COSTS = Costs(request=50.0, event=20.0, stream_bytes=8192, push=4.0, read=200.0, read_bytes=10_000, apply=2_000.0, lease=80.0, hop=0.00025)
ONE = Demand(1_000, 1_000, 10.0)
INTERNET = Demand(100_000, 1_000_000, 10.0)


def test_a_fleet_has_the_cores_that_its_work_needs_and_headroom() -> None:
    assert size(ONE, COSTS).workers == 1
    needed = (100_000 * 50 + 1_000_000 * 10 * 20) / 1e6
    assert size(INTERNET, COSTS).workers == pytest.approx(needed / HEADROOM, abs=1)
    assert size(INTERNET, COSTS).memory == 8192 * 1_000_000


def test_one_worker_ends_a_stream_after_push_reading_and_work() -> None:
    found = revoke(size(ONE, COSTS), COSTS)
    least = (4 + 200 + 2_000) / 1e6 + 4 * COSTS.hop
    assert least < found.half <= found.most <= found.all < least + 0.01


def test_the_last_byte_is_later_the_more_workers_ask_one_store() -> None:
    ends = [revoke(size(Demand(requests, 1_000, 1.0), COSTS), COSTS).all for requests in (1_000, 100_000, 1_000_000)]
    assert ends == sorted(ends)
    assert ends[2] > 3 * ends[0]


def test_the_store_sends_the_policy_to_every_worker() -> None:
    fleet = size(INTERNET, COSTS)
    found = revoke(fleet, COSTS)
    assert found.store_bytes == fleet.workers * 10_000
    assert found.store_busy == pytest.approx(fleet.workers * (4 + 200) / 1e6)
    assert found.changes_per_second == pytest.approx(1 / found.store_busy)


def test_the_network_bounds_large_policies() -> None:
    large = structs.replace(COSTS, read_bytes=30e6)
    fleet = size(INTERNET, large)
    assert revoke(fleet, large).all > fleet.workers * 30e6 / large.bandwidth


def test_relays_are_called_for_only_where_the_store_alone_is_late() -> None:
    assert relays_for(size(ONE, COSTS), COSTS) == 0
    large = structs.replace(COSTS, read=20_000.0, read_bytes=3e6)
    fleet = size(INTERNET, large)
    relays = relays_for(fleet, large)
    assert relays > 0
    assert revoke(fleet, large, relays=relays).all <= 1.0 < revoke(fleet, large).all
    assert revoke(fleet, large, relays=relays).store_bytes == relays * 3e6


def test_no_number_of_relays_mends_a_worker_that_is_slow_itself() -> None:
    slow = structs.replace(COSTS, apply=4e6)
    assert relays_for(size(INTERNET, slow), slow) == -1


def test_the_same_seed_plays_the_same() -> None:
    fleet = size(INTERNET, COSTS)
    assert revoke(fleet, COSTS) == revoke(fleet, COSTS)
    assert revoke(fleet, COSTS) != revoke(fleet, COSTS, seed=7)
