import argparse
from importlib import import_module
from pathlib import Path

import pytest

from gateway.cli import VERBS

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        found |= {option for option in action.option_strings if option.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for inner in action.choices.values():
                found |= options_of(inner)
    return found - {"--help"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_option_is_documented(verb: str) -> None:
    parser = argparse.ArgumentParser()
    import_module(f"gateway.cli.{verb.replace('-', '_')}").add_arguments(parser)
    assert f"### `gateway {verb}" in TEXT
    assert not {option for option in options_of(parser) if option not in TEXT}
