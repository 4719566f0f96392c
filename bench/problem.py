"""What stops a bench."""


class BenchError(Exception):
    """The machine, a program or a peer cannot do what the bench needs; the text says what and how to mend it."""
