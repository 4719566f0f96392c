"""Which rules can be put without evidence, owners or dates."""

from typing import Any

import pytest
from msgspec import structs
from policy.world import no

from gateway.policy.assurance import Requirement
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, Restrictions

EIDAS = Requirement(frozenset({"eidas"}))


def test_plain_rules() -> None:
    whole = Restrictions(no("IR"), True, False, no("IR"), no("IR"), True, True, no("IR"))  # noqa: FBT003 - in their order
    assert whole.plain
    assert NO_RESTRICTIONS.plain


LISTS = ("nationality", "most_recent", "residence", "region")


def of(**rules: Any) -> Restrictions:
    return Restrictions(**rules)


@pytest.mark.parametrize(
    "rules",
    [
        of(require_verified=EIDAS),
        of(ownership=OwnershipRule(frozenset({"IR"}), 50.0)),
        *(of(**{name: no("IR", lapses=5.0)}) for name in LISTS),
        *(of(**{name: no("IR", require_verified=EIDAS)}) for name in LISTS),
    ],
)
def test_rules_that_ask_for_more_say_so_whatever_was_given(rules: Restrictions) -> None:
    assert not rules.plain
    assert not structs.replace(rules, plain=True).plain
    assert structs.replace(rules, ownership=None, require_verified=None, **dict.fromkeys(LISTS)).plain
