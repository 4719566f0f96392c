"""Measures the gate beside its peers on one machine: the measured server alone on one core, load and upstream on the other.

`python -m bench` runs everything in one go and prints a table; `--out FILE` keeps the figures as JSON. A figure whose limit
was the load side or somebody else's work is refused or marked, never printed as if it were the server's.
"""
