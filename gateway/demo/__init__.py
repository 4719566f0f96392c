"""Everything the demonstration needs around the gate: an issuer of tokens, an inference API, and the walk between them.

`issuer` and `upstream` stand alone (tests and benches start them too); `walk` plays the main job and checks each step.
"""
