"""A key set stays fresh: one fetch at a time, the last good keys on error, unknown key ids asked for rarely."""

import asyncio
import logging
import math
from pathlib import Path

import pytest
from support.forge import Clock, Signer, issuer, key_set

from gateway.audit.logs import facts
from gateway.identity.fetch import FetchError
from gateway.identity.keyset import FILE_EVERY, KeySet
from gateway.settings.shape import Keys

OLD = Signer("old", number=1)
NEW = Signer("new", number=2)


class Publisher:
    """A fetch under the test's hand: what it answers, how often it was asked, and whether it waits."""

    def __init__(self, document: bytes | Exception) -> None:
        self.document = document
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.waiting = asyncio.Event()

    async def __call__(self, url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        assert (url, timeout) == ("https://login.example.org/keys", 5.0)
        self.asked += 1
        self.waiting.set()
        await self.answers.wait()
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands."""
    return Clock()


@pytest.fixture
async def publisher() -> Publisher:
    """Publish the key `old`."""
    return Publisher(key_set(OLD))


@pytest.fixture
def keyset(clock: Clock, publisher: Publisher) -> KeySet:
    """Give a key set that was never loaded."""
    return KeySet(issuer(), clock, publisher)


async def test_nothing_is_known_before_the_first_fetch(keyset: KeySet) -> None:
    assert (keyset.ring.keys, keyset.loaded, keyset.failing, keyset.age_seconds) == ((), False, True, math.inf)
    assert keyset.may_fetch("old")


async def test_keys_are_loaded_and_age(keyset: KeySet, clock: Clock) -> None:
    await keyset.refresh()
    clock.elapsed = 7.0
    assert keyset.ring.knows("old")
    assert (keyset.loaded, keyset.failing, keyset.age_seconds, keyset.fetches) == (True, False, 7.0, {"ok": 1})
    assert keyset.next_refresh_in == 300.0 - 7.0
    assert repr(keyset) == "<KeySet main: 1 keys, fine>"


async def test_many_callers_make_one_fetch(keyset: KeySet, publisher: Publisher) -> None:
    publisher.answers.clear()
    callers = [asyncio.create_task(keyset.fetch_for("old")) for _ in range(100)]
    await publisher.waiting.wait()
    publisher.answers.set()
    await asyncio.gather(*callers)
    assert publisher.asked == 1
    assert keyset.ring.knows("old")


async def test_a_caller_who_leaves_does_not_take_the_fetch_along(keyset: KeySet, publisher: Publisher) -> None:
    publisher.answers.clear()
    leaves, stays = asyncio.create_task(keyset.refresh()), asyncio.create_task(keyset.refresh())
    await publisher.waiting.wait()
    leaves.cancel()
    publisher.answers.set()
    await stays
    assert leaves.cancelled()
    assert keyset.ring.knows("old")
    assert publisher.asked == 1


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (FetchError("could not be fetched"), "unreachable"),
        (FetchError("answered 302", "refused"), "refused"),
        (TimeoutError(), "timeout"),
        (b"<html>", "invalid"),
        (RuntimeError("a surprise"), "unreachable"),
    ],
)
async def test_the_last_good_keys_stay_on_error(keyset: KeySet, publisher: Publisher, failure: bytes | Exception, outcome: str) -> None:
    await keyset.refresh()
    ring = keyset.ring
    publisher.document = failure
    await keyset.refresh()
    assert keyset.ring is ring
    assert (keyset.failing, keyset.fetches) == (True, {"ok": 1, outcome: 1})


async def test_an_issuer_that_publishes_no_usable_key_has_none(keyset: KeySet, publisher: Publisher) -> None:
    await keyset.refresh()
    publisher.document = key_set()
    await keyset.refresh()
    assert (keyset.ring.keys, keyset.failing, keyset.fetches) == ((), False, {"ok": 1, "empty": 1})


async def test_the_ring_is_replaced_only_when_keys_change(clock: Clock, publisher: Publisher) -> None:
    changes: list[int] = []
    keyset = KeySet(issuer(), clock, publisher)
    keyset.on_change = lambda: changes.append(len(keyset.ring.keys))
    await keyset.refresh()
    first = keyset.ring
    await keyset.refresh()
    publisher.document = key_set(OLD.jwk(x5t="an odd thumbprint"))
    await keyset.refresh()
    assert keyset.ring is first
    publisher.document = key_set(OLD, NEW)
    await keyset.refresh()
    assert keyset.ring is not first
    assert changes == [1, 2]


async def test_an_unknown_key_is_asked_for_at_most_every_30_seconds(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    await keyset.refresh()
    for second in range(91):
        clock.elapsed = float(second)
        await keyset.fetch_for(f"random-{second}")
    assert publisher.asked == 1 + 3


async def test_an_absent_key_is_asked_for_ever_more_rarely(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    await keyset.refresh()
    fetched_at = []
    for second in range(300):
        clock.elapsed = float(second)
        before = publisher.asked
        await keyset.fetch_for("retired")
        fetched_at += [second] if publisher.asked > before else []
    assert fetched_at == [30, 60, 120, 240]


async def test_a_rotated_key_is_found_as_soon_as_a_token_names_it(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    await keyset.refresh()
    clock.elapsed = 30.0
    await keyset.fetch_for("new")
    assert not keyset.ring.knows("new")
    publisher.document = key_set(OLD, NEW)
    clock.elapsed = 60.0
    assert keyset.may_fetch("new")
    await keyset.fetch_for("new")
    assert keyset.ring.knows("new")


async def test_new_keys_make_every_key_worth_asking_for_again(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    await keyset.refresh()
    for clock.elapsed in (30.0, 60.0, 120.0):
        await keyset.fetch_for("late")
    assert publisher.asked == 4
    publisher.document = key_set(OLD, NEW)
    await keyset.refresh()
    clock.elapsed = 149.0
    assert not keyset.may_fetch("late"), "the issuer was asked less than 30 s ago"
    clock.elapsed = 150.0
    assert keyset.may_fetch("late"), "by its own history only at 240"


async def test_who_comes_while_a_fetch_is_under_way_waits_for_it(keyset: KeySet, publisher: Publisher) -> None:
    await keyset.refresh()
    assert not keyset.may_fetch("new"), "asked a moment ago"
    publisher.document = key_set(NEW)
    publisher.answers.clear()
    publisher.waiting.clear()
    periodic = asyncio.create_task(keyset.refresh())
    await publisher.waiting.wait()
    assert keyset.may_fetch("new")
    waiter = asyncio.create_task(keyset.fetch_for("new"))
    publisher.answers.set()
    await asyncio.gather(periodic, waiter)
    assert keyset.ring.knows("new")
    assert publisher.asked == 2


async def test_a_first_load_that_fails_is_tried_again_soon_and_ever_later(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    publisher.document = FetchError("could not be fetched")
    delays = []
    for _ in range(8):
        await keyset.refresh()
        delays.append(keyset.next_refresh_in)
        assert not keyset.may_fetch("old")
        clock.elapsed += delays[-1]
        assert keyset.may_fetch("old")
    assert delays == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


async def test_a_failed_fetch_says_nothing_about_a_key(keyset: KeySet, publisher: Publisher, clock: Clock) -> None:
    await keyset.refresh()
    publisher.document = FetchError("could not be fetched")
    clock.elapsed = 30.0
    await keyset.fetch_for("new")
    publisher.document = key_set(NEW)
    clock.elapsed = 60.0
    await keyset.fetch_for("new")
    assert keyset.ring.knows("new")


async def test_a_failure_and_its_end_are_logged_once(keyset: KeySet, publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    publisher.document = FetchError("could not be fetched")
    await keyset.refresh()
    await keyset.refresh()
    publisher.document = key_set(OLD, {"kty": "oct", "k": "c2VjcmV0"})
    await keyset.refresh()
    await keyset.refresh()
    told = [facts(record, "w0") for record in caplog.records]
    assert [line["event"] for line in told] == ["keyset_unavailable", "keyset_key_unusable", "keyset_available"]
    assert {line["issuer"] for line in told} == {"main"}
    assert (told[0]["problem"], told[0]["state"]) == ("could not be fetched", "no token of this issuer is accepted")
    assert told[1]["problem"] == "key 2: kty must be RSA, EC or OKP (a shared secret would let every reader sign)"


async def test_closing_ends_a_fetch_under_way(keyset: KeySet, publisher: Publisher) -> None:
    publisher.answers.clear()
    waiter = asyncio.create_task(keyset.refresh())
    await publisher.waiting.wait()
    await keyset.close()
    await waiter
    assert (keyset.loaded, keyset.fetches) == (False, {})
    publisher.answers.set()
    await keyset.refresh()
    assert keyset.loaded
    await keyset.close()


async def test_a_key_file_is_looked_at_often(tmp_path: Path, clock: Clock, publisher: Publisher) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(OLD))
    keyset = KeySet(issuer(keys=Keys(file=str(file))), clock, publisher)
    await keyset.refresh()
    assert keyset.ring.knows("old")
    assert keyset.next_refresh_in == FILE_EVERY
    file.unlink()
    await keyset.refresh()
    assert (keyset.ring.knows("old"), keyset.failing, publisher.asked) == (True, True, 0)
