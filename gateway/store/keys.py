"""The names of the keys in the store, all under one prefix; in a cluster the prefix is `{gateway}:`, so that one slot holds them."""

from msgspec import Struct


class Keys(Struct, frozen=True, repr_omit_defaults=True):
    """The keys under `prefix`. What `decide` reads are the allowlists, `models`, `directives` and `revocations`."""

    prefix: str = "gateway:"

    def allowlist(self, model: str) -> str:
        """HASH, organisation -> grant, of the model with this id."""
        return f"{self.prefix}allowlist:{model}"

    def model_of(self, key: str) -> str | None:
        """Model whose allowlist `key` is; None for any other key."""
        start = self.allowlist("")
        return key[len(start) :] if key.startswith(start) else None

    @property
    def models(self) -> str:
        """HASH, model id -> stage record."""
        return f"{self.prefix}models"

    @property
    def directives(self) -> str:
        """HASH, id -> directive."""
        return f"{self.prefix}directives"

    @property
    def revocations(self) -> str:
        """HASH, `jti:…`, `sub:<issuer>/<sub>` or `org:<org>` -> revocation."""
        return f"{self.prefix}revocations"

    @property
    def revision(self) -> str:
        """INT, raised by every change made with the tools."""
        return f"{self.prefix}revision"

    @property
    def changes(self) -> str:
        """STREAM, who changed what, when, why, from what to what."""
        return f"{self.prefix}changes"

    @property
    def pending(self) -> str:
        """HASH, changes that wait for a second person."""
        return f"{self.prefix}pending"

    @property
    def replicas(self) -> str:
        """HASH, worker -> what it has applied."""
        return f"{self.prefix}replicas"

    def share(self, model: str, organisation: str) -> str:
        """HASH, what an organisation has used of its share of a model lately; not tracked, and it expires by itself."""
        return f"{self.prefix}share:{model.replace('%', '%25').replace(':', '%3A')}:{organisation}"

    @property
    def slot(self) -> str:
        """Never written: a cluster's answer about it tells who serves the slot that all keys here lie in."""
        return f"{self.prefix}slot"

    def canary(self, watcher: str) -> str:
        """Name the STRING that one watcher writes to see whether news still arrive; it expires by itself."""
        return f"{self.prefix}canary:{watcher}"

    def tracked(self, watcher: str) -> tuple[str, ...]:
        """Prefixes of every key whose change `watcher` must hear of; none is a prefix of another, which the server would refuse."""
        return (self.allowlist(""), self.models, self.directives, self.revocations, self.revision, self.canary(watcher))
