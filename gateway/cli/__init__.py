"""The terminal door, one verb a file."""


def main() -> int:
    """Run the verb that the command line names; the value is the process's exit code."""
    raise NotImplementedError
