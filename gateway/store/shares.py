"""Fair share counted for a whole fleet: one small script, which takes requests and places from what one organisation may use of one model.

A worker takes some ahead of need and gives back what it did not use, so a round trip is not the price of every request. The script
reckons as `policy.gcra.take` does, on the server's clock. Places (requests under way) are held under the worker's name and lapse if it
does not renew them. Keys are not tracked (`gateway:share:…`): counting never makes the policy be read again.
"""

from collections.abc import Sequence
from typing import Final, cast

from msgspec import Struct

from gateway.policy.gcra import SECOND
from gateway.policy.share import Share
from gateway.store.address import StoreAddress
from gateway.store.errands import Errands
from gateway.store.keys import Keys

LAPSE: Final = 10.0
"""Seconds after which places that were not renewed are free: their worker is gone."""

SCRIPT: Final = b"""
local interval, burst, spent, asked, worker, wanted, most, lapse =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]),
  ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local arrival, others, kept = 0, 0, 0
local entries = redis.call('HGETALL', KEYS[1])
for index = 1, #entries, 2 do
  if entries[index] == 'arrival' then
    arrival = tonumber(entries[index + 1])
  elseif entries[index] ~= worker then
    local held, ends = string.match(entries[index + 1], '^(%d+) (%d+)$')
    ends = tonumber(ends or 0)
    if held and ends > now then others = others + held else redis.call('HDEL', KEYS[1], entries[index]) end
    if held and ends > now + lapse then  -- the clock was set back; who is alive will renew it
      redis.call('HSET', KEYS[1], entries[index], string.format('%d %.0f', tonumber(held), now + lapse))
    end
  end
end
local granted, wait, places = 0, 0, 0
if interval > 0 then
  local edge = now + interval * burst
  arrival = math.max(math.min(math.max(arrival, now), edge) + spent * interval, now)
  granted = math.max(math.min(asked, math.floor((edge - arrival) / interval)), 0)
  arrival = arrival + granted * interval
  wait = math.max(0, arrival + interval - edge)
  kept = arrival - now
  redis.call('HSET', KEYS[1], 'arrival', string.format('%.0f', arrival))
end
if most > 0 then
  places = math.max(0, math.min(wanted, most - others))
  if places > 0 then
    redis.call('HSET', KEYS[1], worker, string.format('%d %.0f', places, now + lapse))
    kept = math.max(kept, lapse)
  else
    redis.call('HDEL', KEYS[1], worker)
  end
end
local expiry = redis.pcall('PEXPIRE', KEYS[1], math.ceil(kept / 1000) + 1000)
if type(expiry) == 'table' and expiry.err then return redis.error_reply('ERR PEXPIRE: ' .. expiry.err) end
return {granted, wait, places}
"""


class Asked(Struct, frozen=True):
    """What a worker wants of one share. `spent`: to be counted besides, negative to give back. `requests`: as many as there are.

    `places` is how many it wants to hold from now on, not how many more.
    """

    model: str
    organisation: str
    share: Share
    spent: int = 0
    requests: int = 0
    places: int = 0


class Given(Struct, frozen=True):
    """What there was. `wait`: seconds until one more request would be given; `places`: all that the worker now holds."""

    requests: int
    wait: float
    places: int


class ShareStore:
    """The counts in the store. `worker` is unique in the fleet; an answer may take `timeout` seconds."""

    def __init__(self, address: StoreAddress, keys: Keys, worker: str, timeout: float) -> None:
        self._errands = Errands(address, timeout, "fair share")
        self._keys = keys
        self._worker = b"worker:" + worker.encode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"<ShareStore {self._errands}>"

    async def take(self, asked: Sequence[Asked]) -> list[Given]:
        """Settle each, in one round trip. Raises StoreUnavailableError."""
        replies = await self._errands.batch([self._command(each) for each in asked])
        return [Given(granted, wait / SECOND, places) for granted, wait, places in cast("list[tuple[int, int, int]]", replies)]

    def close(self) -> None:
        """Drop the connection; what is held lapses."""
        self._errands.close()

    def _command(self, asked: Asked) -> tuple[str | bytes | int, ...]:
        share, rate = asked.share, asked.share.rate
        key = self._keys.share(asked.model, asked.organisation)
        interval, burst = (rate.interval, rate.burst) if rate is not None else (0, 0)
        numbers = (interval, burst, asked.spent, asked.requests, self._worker, asked.places, share.concurrent, int(LAPSE * SECOND))
        return ("EVAL", SCRIPT, 1, key, *numbers)
