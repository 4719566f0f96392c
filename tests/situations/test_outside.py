"""What is typed into redis-cli takes effect like anything else, and is noticed as nobody's."""

from typing import Any

import pytest
from support.running import GATED

from gateway.outside import changed_outside
from gateway.policy.snapshot import EMPTY, Snapshot


async def test_an_edit_by_hand_is_counted_and_a_change_with_the_tools_is_not(newsroom: Any, caplog: pytest.LogCaptureFixture) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    assert await newsroom.gate.metric("gateway_outside_changes_total") == 0
    await newsroom.gate.admit("org_friend")
    assert await newsroom.caller(organisation="org_friend").asks() == 200
    assert await newsroom.gate.metric("gateway_outside_changes_total") == 1
    assert "policy_changed_outside_the_tools" in caplog.messages
    *_, last = await newsroom.reads("changes")
    assert (last["who"], last["field"], last["before"], last["after"]) == ("outside the tools", "org_friend", None, {})


def test_a_revision_that_falls_is_somebodys_hand_and_a_new_catalogue_is_nobodys() -> None:
    first = Snapshot(revision=3, digest="a", confirmed_at=1.0)
    assert changed_outside(first, Snapshot(catalogue=first.catalogue, revision=3, digest="b"))
    assert changed_outside(first, Snapshot(catalogue=first.catalogue, revision=2, digest="b"))
    assert not changed_outside(first, Snapshot(catalogue=first.catalogue, revision=4, digest="b"))
    assert not changed_outside(first, Snapshot(catalogue=first.catalogue, revision=3, digest="a"))
    assert not changed_outside(first, Snapshot(catalogue={}, revision=3, digest="b"))
    assert not changed_outside(EMPTY, first), "before the first reading nothing was known"
