"""Further models of one connection: each held under a lease of its own, all ending together."""

import asyncio

from support.house import FRONTIER, OPEN, policy

from gateway.clock import read_clock
from gateway.policy.access import AccessRequest, Subject
from gateway.policy.decide import decide
from gateway.policy.decision import Denial, Permit
from gateway.policy.snapshot import Grant
from gateway.proxy.leases import LeaseBook
from gateway.proxy.named import NamedModels

BEFORE = policy(frontier={"acme": Grant()})
AFTER = policy(frontier={}, revision=2)


def permit(model: str) -> Permit:
    decision = decide(AccessRequest(Subject("main", "someone", organisation="acme"), model), BEFORE, read_clock())
    assert isinstance(decision, Permit)
    return decision


class Owner:
    """An exchange on the model that is open to all."""

    def __init__(self) -> None:
        self.permit = permit("open")
        self.cuts: list[Denial] = []
        self.leaving = False

    def cut(self, denial: Denial) -> None:
        self.cuts.append(denial)


def book() -> LeaseBook:
    return LeaseBook(asyncio.get_running_loop(), lambda: AFTER, read_clock, lambda _seconds, _cuts: None)


async def test_a_model_is_known_once_it_is_named() -> None:
    named = NamedModels(Owner(), book())
    assert OPEN.id in named
    assert FRONTIER.id not in named
    named.add(permit("frontier"))
    assert FRONTIER.id in named


async def test_a_permission_lost_for_one_of_them_cuts_the_owner() -> None:
    owner, leases = Owner(), book()
    named = NamedModels(owner, leases)
    named.add(permit("frontier"))
    leases.published(BEFORE, AFTER)
    assert [denial.reason for denial in owner.cuts] == ["org_not_approved"]
    named.release()
    assert len(leases) == 0


async def test_the_end_of_the_owner_releases_all_of_them() -> None:
    owner, leases = Owner(), book()
    named = NamedModels(owner, leases)
    named.add(permit("frontier"))
    named.add(permit("open"))
    assert len(leases) == 2
    named.release()
    assert len(leases) == 0
    leases.published(BEFORE, AFTER)
    assert owner.cuts == []
