"""Random edits of a policy, each in two spellings (a raw command, a change by the tool), and a tiny model of what they permit."""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping

from msgspec import Struct
from support.ledger import Key

from gateway.store.writer import PolicyWriter

ORGANISATIONS = tuple(f"org_{number}" for number in range(6))
OPEN = "open-1"
MODELS = ("frontier-1", "frontier-2", OPEN)
GATED = MODELS[:-1]
GRANT_WEIGHT, OTHER_WEIGHT = 8, 1
WHO, WHY = "soak", "at random"


class RandomEdit(Struct, frozen=True):
    """`command` and `by_tool` write the same; `changes` are the keys whose permission they change."""

    changes: Mapping[Key, bool]
    command: tuple[str, ...]
    by_tool: Callable[[PolicyWriter], Awaitable[object]]


class Shadow:
    """What is written: grants, organisations revoked, models suspended by stage or by directive."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.keys: tuple[Key, ...] = tuple((organisation, model) for organisation in ORGANISATIONS for model in MODELS)
        self._granted = {key for key in self.keys if key[1] != OPEN}
        self._revoked: set[str] = set()
        self._staged: set[str] = set()
        self._ordered: set[str] = set()

    def __repr__(self) -> str:
        return f"<Shadow {len(self._granted)} grants, revoked {self._revoked}, suspended {self._staged | self._ordered}>"

    def first(self) -> Iterator[tuple[str, ...]]:
        """Commands that write the policy at the beginning: everybody may everything."""
        for model in GATED:
            yield ("HSET", f"gateway:allowlist:{model}", *(part for organisation in ORGANISATIONS for part in (organisation, "{}")))
        yield ("SET", "gateway:revision", "1")

    def permits(self, key: Key) -> bool:
        """Whether `key` may."""
        organisation, model = key
        if organisation in self._revoked:
            return False
        return model == OPEN or (key in self._granted and model not in self._staged and model not in self._ordered)

    def permitted(self) -> tuple[Key, ...]:
        """Every key that may."""
        return tuple(filter(self.permits, self.keys))

    def choose(self) -> RandomEdit:
        """Make up the next edit, as if it were written already."""
        before = {key: self.permits(key) for key in self.keys}
        weights = (GRANT_WEIGHT, OTHER_WEIGHT, OTHER_WEIGHT, OTHER_WEIGHT)
        make = self._chance.choices((self._grant, self._revocation, self._stage, self._directive), weights)[0]
        command, by_tool = make()
        changes = {key: self.permits(key) for key in self.keys if self.permits(key) is not before[key]}
        return RandomEdit(changes, command, by_tool)

    def _grant(self) -> tuple[tuple[str, ...], Callable[[PolicyWriter], Awaitable[object]]]:
        key = organisation, model = self._chance.choice(ORGANISATIONS), self._chance.choice(GATED)
        allowlist = f"gateway:allowlist:{model}"
        self._granted ^= {key}
        if key in self._granted:
            return ("HSET", allowlist, organisation, "{}"), lambda writer: writer.put_grant(model, organisation, "{}", WHO, WHY)
        return ("HDEL", allowlist, organisation), lambda writer: writer.remove_grant(model, organisation, WHO, WHY)

    def _revocation(self) -> tuple[tuple[str, ...], Callable[[PolicyWriter], Awaitable[object]]]:
        """One organisation at a time at most: the next such edit lifts it."""
        organisation = next(iter(self._revoked), None) or self._chance.choice(ORGANISATIONS)
        name = f"org:{organisation}"
        self._revoked ^= {organisation}
        if self._revoked:
            return ("HSET", "gateway:revocations", name, "{}"), lambda writer: writer.put_revocation(name, "{}", WHO, WHY)
        return ("HDEL", "gateway:revocations", name), lambda writer: writer.remove_revocation(name, WHO, WHY)

    def _stage(self) -> tuple[tuple[str, ...], Callable[[PolicyWriter], Awaitable[object]]]:
        model = next(iter(self._staged), None) or self._chance.choice(GATED)
        self._staged ^= {model}
        record = '{"stage":"suspended"}' if self._staged else '{"stage":"preview"}'
        return ("HSET", "gateway:models", model, record), lambda writer: writer.put_stage(model, record, WHO, WHY)

    def _directive(self) -> tuple[tuple[str, ...], Callable[[PolicyWriter], Awaitable[object]]]:
        model = next(iter(self._ordered), None) or self._chance.choice(GATED)
        self._ordered ^= {model}
        name, order = f"halt-{model}", f'{{"effect":"suspend","models":["{model}"]}}'
        if self._ordered:
            return ("HSET", "gateway:directives", name, order), lambda writer: writer.put_directive(name, order, WHO, WHY)
        return ("HDEL", "gateway:directives", name), lambda writer: writer.remove_directive(name, WHO, WHY)
