"""Which issuer may speak for whom, with which keys: a key is only ever looked for in the ring of the issuer that the token names."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.errors import SettingsError
from gateway.identity.jwk import Key
from gateway.identity.keyset import KeySet
from gateway.identity.pointer import compile_pointer
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import CLAIM_PATHS, Issuer


class NeedKeys(Struct, frozen=True):
    """The issuer's keys must be fetched before this token can be judged: `await fetch_keys(need)`, then verify again."""

    issuer: str
    kid: str | None


class Trust(Struct, frozen=True):
    """One configured issuer with its keys. `qualify`: its organisations carry its name."""

    issuer: Issuer
    keyset: KeySet
    qualify: bool

    def key_for(self, header: Mapping[str, object]) -> Key | Reason | NeedKeys:
        """Find this issuer's key for a token's header (already checked), or say what stands in the way."""
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self.issuer.algorithms or not isinstance(kid, str | None):
            return Reason.TOKEN_INVALID
        key = self.keyset.ring.find(kid, str(algorithm))
        if key is not None:
            return key
        if self.keyset.ring.knows(kid):
            return Reason.TOKEN_INVALID
        if self.keyset.may_fetch(kid):
            return NeedKeys(self.issuer.name, kid)
        return Reason.KEYSET_UNAVAILABLE if self.keyset.failing else Reason.TOKEN_INVALID


def trust_by_iss(issuers: Sequence[Issuer], keysets: Mapping[str, KeySet]) -> dict[str, Trust]:
    """Map each `iss` to its trust; the first issuer's organisations stay plain. Raises `SettingsError` naming what is wrong."""
    trusts: dict[str, Trust] = {}
    for rank, issuer in enumerate(issuers):
        if issuer.issuer in trusts:
            raise SettingsError(f"issuer {issuer.name}: another issuer has the same `issuer` value. Configure it once, with all audiences")
        _check_paths(issuer)
        trusts[issuer.issuer] = Trust(issuer, keysets[issuer.name], rank > 0)
    return trusts


def disowned(before: Sequence[Issuer], after: Sequence[Issuer]) -> frozenset[str]:
    """Name the issuers some of whose tokens are not believed any more, or say something else. Where keys are does not matter."""
    ranks = {issuer.name: (issuer, rank > 0) for rank, issuer in enumerate(after)}
    return frozenset(
        issuer.name
        for rank, issuer in enumerate(before)
        if (now := ranks.get(issuer.name)) is None or now[1] is not (rank > 0) or not _believed_still(issuer, now[0])
    )


def _believed_still(before: Issuer, after: Issuer) -> bool:
    """Whether every token that was believed is, and says what it said."""
    return (
        (before.issuer, before.claims) == (after.issuer, after.claims)
        and set(before.audience) <= set(after.audience)
        and set(before.algorithms) <= set(after.algorithms)
        and before.certificate_bound >= after.certificate_bound
        and before.cut_at_expiry >= after.cut_at_expiry
    )


def _check_paths(issuer: Issuer) -> None:
    for name in CLAIM_PATHS:
        path = getattr(issuer.claims, name)
        try:
            compile_pointer(path or "/")
        except ValueError as error:
            raise SettingsError(f"issuer {issuer.name}: claims: {path!r}: {error}") from None
