"""A directive: a dated order that suspends or restricts models, with its authority and its exceptions."""

import math

from msgspec import Struct

from gateway.policy.restrictions import NO_RESTRICTIONS, Restrictions
from gateway.policy.vocabulary import Effect


class Directive(Struct, frozen=True):
    """One order in force from `valid_from` to `valid_until` (epoch seconds, exclusive), on `models` (ids; None = every gated model).

    `except_organisations` are left alone, on `except_models` (ids; None = on all that it covers). With `binds_foreign_nationals` only
    their U.S. persons are: rules on persons still hold for the others, and a suspension admits none but U.S. persons.

    `legal_basis` makes the refusal a 451 (RFC 7725). `invalid`: it did not parse, and denies what it covers.
    """

    id: str
    effect: Effect = Effect.SUSPEND
    models: frozenset[str] | None = None
    rule: Restrictions = NO_RESTRICTIONS
    valid_from: float = -math.inf
    valid_until: float = math.inf
    except_organisations: frozenset[str] = frozenset()
    except_models: frozenset[str] | None = None
    binds_foreign_nationals: bool = False
    authority: str = ""
    legal_basis: str = ""
    message: str = ""
    contact: str = ""
    enforce: bool = True
    invalid: bool = False
