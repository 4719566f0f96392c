"""What a new policy changes for exchanges under way: exactly those models, organisations and subjects are decided on again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from gateway.policy.access import Subject
from gateway.policy.directive import Directive
from gateway.policy.shards import differing
from gateway.policy.snapshot import Grant, Model, Snapshot

NO_GRANTS: Final[Mapping[str, Grant]] = MappingProxyType({})
ORGANISATION: Final = "org:"


class Difference(Struct, frozen=True):
    """Between `old` and `new`. `everyone`: too much has changed to tell apart; `revoked`: keys of changed revocations."""

    old: Snapshot
    new: Snapshot
    everyone: bool
    directives: tuple[Directive, ...]
    revoked: frozenset[str]

    def touches_model(self, model: Model) -> bool:
        """Whether every exchange on `model` may be decided otherwise now."""
        if self.everyone or self.old.stages.get(model.id) != self.new.stages.get(model.id):
            return True
        return any(model.gated if order.models is None else model.id in order.models for order in self.directives)

    def touches_organisation(self, model: Model, organisation: str | None) -> bool:
        """Whether the exchanges of `organisation` on `model` may be."""
        if organisation is None:
            return False
        before = self.old.grants.get(model.id, NO_GRANTS).get(organisation)
        after = self.new.grants.get(model.id, NO_GRANTS).get(organisation)
        return (before is not after and before != after) or ORGANISATION + organisation in self.revoked

    @property
    def touches_subjects(self) -> bool:
        """Whether single tokens or persons are touched, so that every exchange has to be looked at."""
        return not all(key.startswith(ORGANISATION) for key in self.revoked)

    def touches_subject(self, subject: Subject) -> bool:
        """Whether this one is."""
        revoked = self.revoked
        if f"sub:{subject.issuer}/{subject.subject_id}" in revoked:
            return True
        token = subject.token_id
        return token is not None and (f"jti:{token}" in revoked or f"jti:{subject.issuer}/{token}" in revoked)


def difference(old: Snapshot, new: Snapshot) -> Difference:
    """Compare two policies; what is the same object in both is not looked into."""
    everyone = old.catalogue is not new.catalogue or old.initialised != new.initialised
    return Difference(old, new, everyone, _changed_directives(old, new), frozenset(differing(old.revocations, new.revocations)))


def _changed_directives(old: Snapshot, new: Snapshot) -> tuple[Directive, ...]:
    if old.directives is new.directives or old.directives == new.directives:
        return ()
    kept = set(old.directives).intersection(new.directives)
    return tuple(order for order in (*old.directives, *new.directives) if order not in kept)
