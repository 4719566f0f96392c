"""The models that one connection has named, each with its permit: the first is the relay's own lease, the others stand here."""

from typing import Protocol

from gateway.policy.decision import Denial, Permit
from gateway.proxy.leases import LeaseBook


class Owner(Protocol):
    """The exchange that ends when any of its permissions does."""

    permit: Permit

    def cut(self, denial: Denial) -> None:
        """End it."""

    @property
    def leaving(self) -> bool:
        """Whether its last bytes are still here."""


class NamedModel:
    """A lease on one more model."""

    __slots__ = ("_owner", "held", "permit")

    def __init__(self, owner: Owner, permit: Permit) -> None:
        self._owner = owner
        self.permit = permit
        self.held = False

    def __repr__(self) -> str:
        return f"<NamedModel {self.permit.model.id} of {self._owner!r}>"

    @property
    def leaving(self) -> bool:
        """As the owner."""
        return self._owner.leaving

    def cut(self, denial: Denial) -> None:
        """What this connection may do is one thing: it ends."""
        self._owner.cut(denial)


class NamedModels:
    """Further models of one exchange. They are never let go before its end: what the upstream made of a name cannot be known."""

    __slots__ = ("_leases", "_named", "_owner")

    def __init__(self, owner: Owner, leases: LeaseBook) -> None:
        self._owner = owner
        self._leases = leases
        self._named: list[NamedModel] = []

    def __repr__(self) -> str:
        return f"<NamedModels {self._named}>"

    def __contains__(self, name: str) -> bool:
        """Whether a model of this name is permitted at present, because its lease is held."""
        permits = (self._owner.permit, *(named.permit for named in self._named))
        return any(name == permit.model.id or name in permit.model.aliases for permit in permits)

    def add(self, permit: Permit) -> None:
        """Hold a lease on one more."""
        named = NamedModel(self._owner, permit)
        self._named.append(named)
        self._leases.hold(named)

    def release(self) -> None:
        """The exchange has ended."""
        named, self._named = self._named, []
        for each in named:
            self._leases.release(each)
