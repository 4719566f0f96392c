"""Verified claims of OpenID Connect for Identity Assurance: one object or a list of them, each with how it was verified. Pure.

Nothing is trusted here: the rules say which frameworks, levels and ages they take. What is not readable is left out.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from gateway.identity.facts import claim_at, read_statement
from gateway.identity.rules import is_identifier
from gateway.policy.access import Statement, Verification
from gateway.settings.shape import Claims

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})")


def read_statements(payload: Mapping[str, object], claims: Claims) -> tuple[Statement, ...]:
    """Read every element of the verified claims that says something; `source` counts them from 0, as `verified_claims[0]`."""
    found = claim_at(payload, claims.verified_claims)
    elements = found if isinstance(found, list) else [found]
    return tuple(_statements(elements, claims))


def _statements(elements: list[object], claims: Claims) -> Iterator[Statement]:
    for index, element in enumerate(elements):
        inner = element.get("claims") if isinstance(element, Mapping) else None
        if isinstance(element, Mapping) and isinstance(inner, Mapping):
            yield read_statement(inner, claims, f"verified_claims[{index}]", _verification(element.get("verification")))


def _verification(value: object) -> Verification | None:
    """Read how an element was verified; None where it names no framework, or gives a level or a time that is none."""
    if not isinstance(value, Mapping):
        return None
    framework, level, time = (value.get(name) for name in ("trust_framework", "assurance_level", "time"))
    moment = None if time is None else _epoch(time)
    if not (isinstance(framework, str) and is_identifier(framework)) or (time is not None and moment is None):
        return None
    if level is not None and not (isinstance(level, str) and is_identifier(level)):
        return None
    return Verification(framework, level or "", moment)


def _epoch(value: object) -> float | None:
    """Read ISO 8601 as the specification writes it, `YYYY-MM-DDThh:mm[:ss]` with its zone; seconds since 1970, or None."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
