"""The bypass suite: every way in which a gateway was once got round, as raw bytes against any gateway, judged by what reaches its upstream.

`kinds/` holds the probes, one kind a file, each a small value. `readers/` says what other readers would make of what was forwarded.
`recorder` is the upstream that remembers, `exchange` the impolite client, `judge` the rule, `run` plays one probe after the other.

Nothing here shares the gate's own parsing: a suite that reads as the gate reads would be blind where the gate is.
"""
