"""From what is stored to one Snapshot, and to the models that a change touches; pure. Unchanged entries are never read twice.

Where a whole key cannot be read it denies what it covers: an allowlist its model's grants, `models` every stage, `directives` every
gated model, `revocations` every model.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import structs

from gateway.policy.directive import Directive
from gateway.policy.share import UNLIMITED
from gateway.policy.snapshot import Grant, InvalidEntry, Model, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import Stage
from gateway.store.codec import decode_directive, decode_grant, decode_revocation, decode_stage
from gateway.store.draft import Changed
from gateway.store.keys import Keys
from gateway.store.resp import Reply
from gateway.store.retired import Retired
from gateway.store.rules import Expand
from gateway.store.stored import Stored
from gateway.store.table import Table

REMEMBERED: Final = 4096
"""Distinct grants kept decoded: most entries of a long allowlist are spelled alike."""

_KINDS: Final = ("jti:", "sub:", "org:")
_UNREADABLE: Final = StageRecord(Stage.SUSPENDED, invalid=True)


class Assembly:
    """The store's content under one catalogue. `take` what was loaded, then ask for the `snapshot`."""

    def __init__(self, keys: Keys, catalogue: Mapping[str, Model], expand: Expand, retired: Retired | None = None) -> None:
        self._keys = keys
        self._retired = Retired() if retired is None else retired
        self._grant = lru_cache(REMEMBERED)(lambda raw: decode_grant(raw, expand))
        self._stages = Table[StageRecord](keys.models, lambda _, raw: decode_stage(raw), retired=self._retired)
        self._directives = Table[Directive](keys.directives, lambda name, raw: decode_directive(name, raw, expand), retired=self._retired)
        self._revocations = Table[Revocation](keys.revocations, _revocation, retired=self._retired)
        self._allowlists: dict[str, Table[Grant]] = {}
        self._revision = 0
        self._revision_problem = ""
        self._initialised = False
        self._catalogue = catalogue
        self._catalogue_digest = _digest_of(catalogue)
        self._ids = frozenset(model.id for model in catalogue.values())

    def __repr__(self) -> str:
        return f"Assembly(revision {self._revision}, {len(self._ids)} models)"

    @property
    def ids(self) -> tuple[str, ...]:
        """Models whose allowlists are wanted."""
        return tuple(sorted(self._ids))

    def take(self, stored: Stored) -> Generator[None, None, Changed]:
        """Decode what has changed; each `yield` is a place to do other work. Returns the ids of the models touched, None for all."""
        stages = yield from self._stages.replace(stored.models)
        before = self._directives.entries
        directives = yield from self._directives.replace(stored.directives)
        revocations = yield from self._revocations.replace(stored.revocations)
        granted: set[str] = set()
        for name in self._ids & stored.allowlists.keys():
            changed = yield from self._allowlist(name).replace(stored.allowlists[name])
            granted |= {name} if changed or changed is None else set()
        self._read_revision(stored.revision)
        initialised, self._initialised = self._initialised, stored.holds_anything()
        if None in (stages, directives) or revocations != frozenset() or initialised != self._initialised:
            return None
        covered = self._covered(before, directives or ())
        staged = {model.id for name in stages or () if (model := self._catalogue.get(name)) is not None}
        return None if covered is None else frozenset(granted | staged | covered)

    def snapshot(self, confirmed_at: float, max_staleness: float) -> Snapshot:
        """Everything taken so far, as one value."""
        return Snapshot(
            catalogue=self._catalogue,
            stages=self._stage_records(),
            grants={model: table.entries for model, table in self._allowlists.items()},
            shares_granted=any(table.marked for table in self._allowlists.values()),
            directives=tuple(self._orders()),
            revocations=self._revocations.entries,
            revision=self._revision,
            digest=self._digest(),
            initialised=self._initialised,
            confirmed_at=confirmed_at,
            max_staleness=max_staleness,
            invalid=tuple(self._problems()),
        )

    def retire(self) -> None:
        """Have everything let go in the same way: another takes this one's place, with the same `retired`."""
        for table in self._tables():
            table.retire()

    def _allowlist(self, model: str) -> Table[Grant]:
        if model not in self._allowlists:
            self._allowlists[model] = Table(self._keys.allowlist(model), lambda _, raw: self._grant(raw), _limits, self._retired)
        return self._allowlists[model]

    def _read_revision(self, reply: Reply) -> None:
        readable = isinstance(reply, bytes) and reply.isdigit() and len(reply) < 20  # noqa: PLR2004 (digits of 2**63)
        self._revision = int(reply) if readable else 0
        self._revision_problem = "" if readable or reply is None else "not a whole number; the tools cannot count on"

    def _covered(self, before: Mapping[str, Directive], changed: Iterable[str]) -> set[str] | None:
        """Ids of the models that directives covered before or cover now; None where one covers every gated model."""
        covered: set[str] = set()
        versions = (entries[name] for entries in (before, self._directives.entries) for name in changed if name in entries)
        for directive in versions:
            if directive.models is None:
                return None
            covered |= set(map(self._id_of, directive.models))
        return covered

    def _ids_of(self, names: frozenset[str] | None) -> frozenset[str] | None:
        return None if names is None else frozenset(map(self._id_of, names))

    def _id_of(self, name: str) -> str:
        model = self._catalogue.get(name)
        return name if model is None else model.id

    def _stage_records(self) -> dict[str, StageRecord]:
        """Stages by model id. A record under an alias is a mistake about that model, and suspends it."""
        if self._stages.wrong:
            return dict.fromkeys(self._ids, _UNREADABLE)
        return {**self._stages.entries} | {self._catalogue[name].id: _UNREADABLE for name in self._aliases()}

    def _aliases(self) -> Iterator[str]:
        return (name for name in self._stages.entries if (model := self._catalogue.get(name)) is not None and model.id != name)

    def _orders(self) -> Iterator[Directive]:
        for name in sorted(self._directives.entries):
            directive = self._directives.entries[name]
            models, excepted = self._ids_of(directive.models), self._ids_of(directive.except_models)
            yield structs.replace(directive, models=models, except_models=excepted)
        if self._directives.wrong:
            yield Directive(id=self._keys.directives, invalid=True)
        if self._revocations.wrong:
            yield Directive(id=self._keys.revocations, models=self._ids, invalid=True)

    def _tables(self) -> tuple[Table[Grant] | Table[StageRecord] | Table[Directive] | Table[Revocation], ...]:
        return (self._stages, self._directives, self._revocations, *self._allowlists.values())

    def _digest(self) -> str:
        tables = sorted((table.key, table.wrong.encode() or table.digest) for table in self._tables() if table.digest or table.wrong)
        parts = (b"%d:%b%b" % (len(key), key.encode(), digest) for key, digest in tables)
        return hashlib.sha256(self._catalogue_digest + b"".join(parts)).hexdigest()

    def _problems(self) -> Iterator[InvalidEntry]:
        for table in self._tables():
            if table.wrong:
                yield InvalidEntry(table.key, "", f"not a hash: {table.wrong}")
            yield from table.problems.values()
        if self._revision_problem:
            yield InvalidEntry(self._keys.revision, "", self._revision_problem)
        for name in self._aliases():
            yield InvalidEntry(self._stages.key, name, f"an alias; write it under {self._catalogue[name].id!r}")
        for name, directive in self._directives.entries.items():
            named = (directive.models or frozenset()) | (directive.except_models or frozenset())
            if unknown := sorted(named - self._catalogue.keys()):
                yield InvalidEntry(self._directives.key, name, f"names a model that is not in the catalogue: {unknown[0]!r}")


def _limits(grant: Grant) -> bool:
    return grant.share is not UNLIMITED


def _revocation(name: str, raw: bytes) -> tuple[Revocation, str]:
    revocation, problem = decode_revocation(raw)
    if not name.startswith(_KINDS):
        problem = problem or "revokes nothing; its name begins with jti:, sub: or org:"
    return revocation, problem


def _digest_of(catalogue: Mapping[str, Model]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(dict(catalogue), order="deterministic")).digest()
