"""Whose organisations there are: a name that no issuer's tokens can carry is a mistake in the command; pure."""

from collections.abc import Sequence

from gateway.errors import CommandError
from gateway.settings.shape import Issuer


def known_organisation(name: str, issuers: Sequence[Issuer] | None) -> str:
    """Check the issuer's name before the `/`, if there is one: plain names are of the first issuer. Without settings any name will do.

    CommandError has the right form: a grant, or a revocation, that touches nobody must not be taken for one that does.
    """
    issuer, slash, organisation = name.partition("/")
    if issuers is None or not slash or issuer in {later.name for later in issuers[1:]}:
        return name
    if issuer == issuers[0].name:
        raise CommandError(f"{issuer} is the first issuer of the settings, whose organisations are plain: write {organisation}.")
    others = ", ".join(f"{later.name}/{organisation}" for later in issuers[1:])
    written = f"Write {others}." if others else f"The only one is {issuers[0].name}, whose organisations are plain."
    raise CommandError(f"organisation {name!r}: the settings have no issuer {issuer!r}. {written}")
