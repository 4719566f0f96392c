"""`gateway policy test FILE`: decide on written cases as the gate would, without one; rules that no case reaches are named."""

import argparse
from pathlib import Path
from typing import Final

import msgspec

from gateway.admin.policy_test import PolicyTest, read_policy_test, run_cases
from gateway.cli.changing import catalogue_of
from gateway.cli.options import add_config, add_json, required_settings
from gateway.cli.place import locator_of
from gateway.cli.tables import show_json, show_rows
from gateway.settings.document import read_text
from gateway.settings.loader import load
from gateway.settings.provision import expand_for
from gateway.settings.shape import Settings

COLUMNS: Final = ("case", "decision", "reasons", "problem")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `policy` takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="test")
    test = actions.add_parser("test", help="decide on the cases of a file; exit code 1 if one comes out otherwise", allow_abbrev=False)
    test.add_argument("file", metavar="FILE", help="policy and cases as YAML")
    add_config(test)
    add_json(test)


def run(arguments: argparse.Namespace) -> int:
    """Decide every case, say what came of each, and what no case has reached."""
    file = Path(arguments.file)
    test = read_policy_test(read_text(file), str(file))
    settings = _settings(arguments, test, file)
    outcomes, covered = run_cases(test, catalogue_of(settings), expand_for(settings), settings.issuers, locator_of(settings))
    unreached = [rule for rule, cases in covered.items() if not cases]
    failed = sum(bool(outcome.problem) for outcome in outcomes)
    if arguments.json:
        show_json({"failed": failed, "cases": msgspec.to_builtins(outcomes), "covered": covered, "unreached": unreached})
        return 1 if failed else 0
    rows = [{"case": one.name, "decision": one.decision, "reasons": one.reasons, "problem": one.problem} for one in outcomes]
    show_rows(rows, COLUMNS, as_json=False, title=str(file), nothing="There is no case in it.")
    reached = f"{len(covered) - len(unreached)} of {len(covered)} rules reached"
    print(f"\n{len(outcomes) - failed} of {len(outcomes)} cases as expected; {reached}")
    if unreached:
        print(f"no case reaches: {', '.join(unreached)}")
    return 1 if failed else 0


def _settings(arguments: argparse.Namespace, test: PolicyTest, file: Path) -> Settings:
    """Those that are asked for, else those that the file names, else the usual ones."""
    if test.settings and not arguments.config:
        return load(file.parent / test.settings)
    return required_settings(arguments)
