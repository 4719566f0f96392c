"""The size of the policy: decisions, sweeps, reloads."""

from bench.outcome import Outcome
from bench.sheet import Sheet


def policy_sheets(outcome: Outcome) -> list[Sheet]:
    """Everything that may grow with the policy."""
    return [_decisions(outcome), _sweeps(outcome), _reloads(outcome)]


def _decisions(outcome: Outcome) -> Sheet:
    rows = tuple((one.kind, f"{one.size:,}", f"{one.microseconds:.1f}") for one in outcome.decisions)
    note = (
        "One decision that permits, worked out (not remembered); of the directives half are on the model, each restricts one of 50 groups."
    )
    return Sheet("decisions", "Decision time against the size of the policy", ("of", "size", "µs"), rows, note)


def _sweeps(outcome: Outcome) -> Sheet:
    rows = tuple((f"{one.leases:,}", f"{one.cut:,}", f"{one.milliseconds:.1f}", f"{one.longest_turn:.1f}") for one in outcome.sweeps)
    heads = ("leases decided again", "cut", "ms in all", "longest turn ms")
    return Sheet("sweeps", "A change that touches every lease", heads, rows, "The lease book alone; what it cuts has no sockets.")


def _reloads(outcome: Outcome) -> Sheet:
    rows = tuple(
        (
            f"{one.grants:,}",
            f"{one.effect.p50:,.1f}",
            f"{one.effect.greatest:,.1f}",
            f"{one.calm.p99:.1f}",
            f"{one.calm.greatest:.1f}",
            f"{one.stormy.p99:.1f}",
            f"{one.stormy.greatest:.1f}",
            f"{one.memory / 1048576:,.0f}",
            f"{one.store_bytes / 1048576:,.2f}",
            f"{one.store_microseconds / 1e3:,.1f}",
            one.remark,
        )
        for one in outcome.reloads
    )
    heads = (
        "grants",
        "edit to effect p50",
        "longest",
        "answers p99",
        "longest answer",
        "during edits p99",
        "longest during edits",
        "worker MB",
        "store sends MB",
        "store ms",
        "remark",
    )
    note = "Milliseconds; answers to callers at 500 requests/s. The longest during edits bounds the longest pause of the loop from above."
    return Sheet("reloads", "An edit in a policy of many grants", heads, rows, note)
