"""PIP, the policy store: the whole policy in memory, the truth in Redis.

`watch` loads everything in one atomic step, learns of each change through server-assisted client tracking (so that an edit typed into
`redis-cli` counts like any other), proves every second with a canary that it still would learn of one, and swaps one `Snapshot`.
`writer` is the other direction: one transaction per change. A field that does not parse denies what it covers.
"""
