"""The wire, read once and in one way only: paths, headers, routes, the model's name, event boundaries.

Decide on what will be dispatched, and dispatch exactly what was decided on; what can be read in two ways is refused.
"""
