"""Whose token? One synchronous answer per token: a `Subject`, the `Reason` why not, or the keys that are needed first.

An accepted token is remembered by its whole text until it expires or its issuer's keys change. Policy is not remembered here, and
whether the caller has shown the certificate that a token is bound to (RFC 8705) is asked each time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gateway.identity.binding import bound_to, is_shown
from gateway.identity.claims import subject_from
from gateway.identity.compact import Compact, read_compact
from gateway.identity.jwk import KeyRing
from gateway.identity.keyset import KeySet
from gateway.identity.memory import TokenMemory
from gateway.identity.rules import check_claims, check_header
from gateway.identity.trust import NeedKeys, Trust, trust_by_iss
from gateway.policy.access import Instant, Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer

__all__ = ["NeedKeys", "Verdict", "Verifier"]

UNKNOWN_ISSUER: Final = "unknown"
"""The issuer label of tokens that name no configured issuer."""

REFUSALS_REMEMBERED: Final = 1024
REFUSED_FOR: Final = 10.0
"""A token whose signature does not hold, or that has expired, is refused from memory for this long, seconds."""

NOT_SHOWN: Final = "certificate_not_shown"
"""The outcome of good tokens that are bound to a certificate other than the one, or none, that came with them."""

LEAST_PAUSE: Final = 0.05
"""Shortest pause between two periodic refreshes of one key set, seconds."""

Verdict = Subject | Reason | NeedKeys


class _Finding(Struct, frozen=True):
    """What is remembered of a token: it holds before `until` and while the issuer's ring is the one that judged it.

    `bound_to` is the thumbprint of the one certificate with which it is good; empty for a bearer token.
    """

    verdict: Subject | Reason
    until: float
    keyset: KeySet
    ring: KeyRing
    tally: tuple[str, str]
    bound_to: str = ""


class Verifier:
    """Verifies tokens of `issuers` with `keysets` (by issuer name), remembering at most `capacity` tokens.

    `counts` goes by (issuer name, outcome): `verified`, `cached`, `certificate_not_shown`, or the reason of the refusal. Raises
    `SettingsError` if two issuers share an `iss` or a claim path is no JSON Pointer.
    """

    def __init__(
        self,
        issuers: Sequence[Issuer],
        keysets: Mapping[str, KeySet],
        clock: Callable[[], Instant],
        capacity: int = 100_000,
    ) -> None:
        self.counts: dict[tuple[str, str], int] = defaultdict(int)
        self._trusts = trust_by_iss(issuers, keysets)
        self._keysets = keysets
        self._clock = clock
        self._accepted: TokenMemory[_Finding] = TokenMemory(capacity)
        self._refused: TokenMemory[_Finding] = TokenMemory(REFUSALS_REMEMBERED)
        self._recall = self._accepted.get
        self._refreshers: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"<Verifier {[trust.issuer.name for trust in self._trusts.values()]}, {len(self._accepted)} tokens remembered>"

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Verdict:
        """Say whose `token` is at `now`; never raises, never waits.

        `shown` is the thumbprint of the certificate that the caller's connection has shown, empty where it has shown none.
        """
        finding = self._recall(token)
        if finding is not None and now.wall < finding.until and finding.keyset.ring is finding.ring:
            if finding.bound_to and not is_shown(finding.bound_to, shown):
                return self._not_shown(finding.tally[0])
            self.counts[finding.tally] += 1
            return finding.verdict
        return self._verify(token, now, shown)

    async def fetch_keys(self, need: NeedKeys) -> None:
        """Fetch what `verify` asked for, at most once for all who wait; never raises. `verify` then gives a final answer."""
        keyset = self._keysets.get(need.issuer)
        if keyset is not None:
            await keyset.fetch_for(need.kid)

    async def identify(self, token: bytes, shown: str = "") -> Subject | Reason:
        """Verify `token` now, fetching keys as needed: for callers off the hot path."""
        verdict = self.verify(token, self._clock(), shown)
        while isinstance(verdict, NeedKeys):
            await self.fetch_keys(verdict)
            verdict = self.verify(token, self._clock(), shown)
        return verdict

    @property
    def issuers_without_keys(self) -> tuple[str, ...]:
        """Names of issuers whose tokens cannot be accepted now, for readiness."""
        return tuple(trust.issuer.name for trust in self._trusts.values() if not trust.keyset.ring.keys)

    async def start(self) -> None:
        """Load the key sets that were never loaded (one that fails stays empty and is retried), then keep all fresh until `stop`."""
        keysets = [trust.keyset for trust in self._trusts.values()]
        await asyncio.gather(*(keyset.refresh() for keyset in keysets if not keyset.loaded))
        self._refreshers = [asyncio.create_task(_keep_fresh(keyset)) for keyset in keysets]

    async def stop(self) -> None:
        """End the periodic refresh; the key sets stay usable, also by the next verifier."""
        refreshers, self._refreshers = self._refreshers, []
        for task in refreshers:
            task.cancel()
        await asyncio.gather(*refreshers, return_exceptions=True)

    def _verify(self, token: bytes, now: Instant, shown: str) -> Verdict:
        """Judge a token that is not remembered as accepted."""
        self._accepted.drop(token)
        finding = self._refused.get(token)
        if finding is not None and now.steady < finding.until and finding.keyset.ring is finding.ring:
            self.counts[finding.tally] += 1
            return finding.verdict
        compact = read_compact(token)
        if compact is None:
            return self._refuse(UNKNOWN_ISSUER, Reason.TOKEN_MALFORMED)
        issuer, problem = compact.payload.get("iss"), check_header(compact.header)
        trust = self._trusts.get(issuer) if isinstance(issuer, str) else None
        if trust is None:
            return self._refuse(UNKNOWN_ISSUER, problem or Reason.ISSUER_UNKNOWN)
        return self._refuse(trust.issuer.name, problem) if problem else self._judge(token, compact, trust, now, shown)

    def _judge(self, token: bytes, compact: Compact, trust: Trust, now: Instant, shown: str) -> Verdict:
        """Judge a token of a known issuer: key, signature, claims, what it is bound to, in this order."""
        key = trust.key_for(compact.header)
        if isinstance(key, NeedKeys):
            return key
        if isinstance(key, Reason):
            return self._refuse(trust.issuer.name, key)
        if not key.verifies(compact.signing_input, compact.signature):
            return self._refuse_for_a_while(token, trust, Reason.TOKEN_INVALID, now)
        problem = check_claims(compact.payload, trust.issuer, now.wall)
        if problem is Reason.TOKEN_EXPIRED:
            return self._refuse_for_a_while(token, trust, problem, now)
        subject = None if problem else subject_from(compact.payload, trust.issuer, trust.qualify)
        if subject is None or not subject.subject_id:
            return self._refuse(trust.issuer.name, Reason.TOKEN_INVALID)
        return self._accept(token, trust, subject, bound_to(compact.payload) or "", shown)

    def _accept(self, token: bytes, trust: Trust, subject: Subject, bound: str, shown: str) -> Verdict:
        """Remember a good token, also where it comes without its certificate: whoever has only copied it shall not cost a verification."""
        until = subject.expires_at + trust.issuer.leeway
        self._accepted.put(token, _Finding(subject, until, trust.keyset, trust.keyset.ring, (trust.issuer.name, "cached"), bound))
        if bound and not is_shown(bound, shown):
            return self._not_shown(trust.issuer.name)
        self.counts[(trust.issuer.name, "verified")] += 1
        return subject

    def _refuse_for_a_while(self, token: bytes, trust: Trust, reason: Reason, now: Instant) -> Reason:
        tally = (trust.issuer.name, reason.value)
        self._refused.put(token, _Finding(reason, now.steady + REFUSED_FOR, trust.keyset, trust.keyset.ring, tally))
        return self._refuse(trust.issuer.name, reason)

    def _not_shown(self, issuer: str) -> Reason:
        """RFC 8705 section 3: 401, invalid_token. It is not remembered: on the right connection the same token is good."""
        self.counts[(issuer, NOT_SHOWN)] += 1
        return Reason.TOKEN_INVALID

    def _refuse(self, issuer: str, reason: Reason) -> Reason:
        self.counts[(issuer, reason.value)] += 1
        return reason


async def _keep_fresh(keyset: KeySet) -> None:
    while True:
        await asyncio.sleep(max(LEAST_PAUSE, keyset.next_refresh_in))
        await keyset.refresh()
