"""Evidence: what was decided and why (`records`, `journal`), and what it amounts to (`metrics`).

Records hold no prompt, no completion and no nationality; labels are bounded, so that no caller can grow them.
The hot path adds to a double or appends to a queue; files, threads and text are somebody else's time.
"""
