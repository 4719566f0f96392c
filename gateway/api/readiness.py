"""Whether this worker can do its job now, and if not, why."""

from msgspec import Struct


class Readiness(Struct, frozen=True):
    """`problems` in words for operators, empty when ready: no first policy, policy too old, no keys, journal not accepting.

    `revision` of the policy applied; `age` seconds since the store confirmed it, None where it never did.
    """

    problems: tuple[str, ...] = ()
    revision: int = 0
    age: float | None = None

    @property
    def ready(self) -> bool:
        """Nothing stands in the way."""
        return not self.problems
