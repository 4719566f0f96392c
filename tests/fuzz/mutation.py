"""Edits of seeds without coverage, in an order that a number decides: for machines without atheris, and as a first look."""

import random
from collections.abc import Iterator

from fuzz.target import Target

LONGEST = 4096
MOST_EDITS = 4


def edited(target: Target, count: int, number: int = 0) -> Iterator[bytes]:
    """Give the seeds, then `count` inputs made from them; the same `number` gives the same inputs."""
    yield from target.seeds
    chance = random.Random(number)  # noqa: S311 - the same inputs each time
    for _ in range(count):
        data = chance.choice(target.seeds)
        for _ in range(chance.randint(1, MOST_EDITS)):
            data = edit(target, data, chance)
        yield data[:LONGEST]


def edit(target: Target, data: bytes, chance: random.Random) -> bytes:
    """Make one edit: insert a word, change, remove or repeat a part, splice with another seed."""
    first, second = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    match chance.randint(0, 5):
        case 0 | 1:
            return data[:first] + chance.choice(target.words) + data[first:]
        case 2:
            return data[:first] + bytes((chance.randint(0, 255),)) + data[first + 1 :]
        case 3:
            return data[:first] + data[min(second, first + 8) :]
        case 4:
            return data[:second] + data[first:]
        case _:
            other = chance.choice(target.seeds)
            return data[:first] + other[chance.randint(0, len(other)) :]
