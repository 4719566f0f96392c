"""Who may widen the policy: operators who can prove who they are, and whether it takes two of them."""

from typing import Annotated

from msgspec import Meta

from gateway.settings.section import Name, Seconds, Section

Digest = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$", description="64 hexadecimal digits")]


class OperatorSection(Section, frozen=True, kw_only=True):
    """One operator: exactly one of `public_key` and `token_sha256`."""

    name: Name
    public_key: str = ""
    token_sha256: Digest = ""


class Approvals(Section, frozen=True, kw_only=True):
    """Whether a change that widens the policy waits for a second operator."""

    widening: bool = False
    valid_for: Seconds = 86400.0
    operators: tuple[OperatorSection, ...] = ()
