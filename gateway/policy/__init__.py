"""PDP, the policy decision point: pure values and one function, `decide`.

Nothing means no: an empty snapshot, an unknown model, a missing claim all deny without a special branch. No I/O,
no clock: time is an argument, freshness is data, the same input gives the same decision.
"""
