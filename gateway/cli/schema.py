"""`gateway schema`: the JSON Schema of the settings file, for editors and pipelines."""

import argparse

from gateway.settings.schema import schema_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that `schema` takes nothing but `--json`, which changes nothing."""
    parser.add_argument("--json", action="store_true", help="it is always JSON")


def run(_arguments: argparse.Namespace) -> int:
    """Print it."""
    print(schema_text(), end="")
    return 0
