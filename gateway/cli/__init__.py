"""The terminal door, one verb a file. Exit codes: 0 done, 1 refused, 2 bad usage, 3 not reachable.

A verb's module is imported when the verb is named, never before: `gateway --help` stays quick, and a broken extra breaks one verb.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from gateway import __version__
from gateway.cli.failures import exit_code

VERBS: Final = {
    "serve": "run the gate",
    "demo": "start a gate with a demo issuer and a demo upstream, walk the main job, stay up",
    "check-config": "check a settings file and say what is wrong, by line",
    "schema": "print the JSON Schema of the settings file",
    "partner": "add, remove or list organisations on a model's allowlist",
    "model": "list models, change a model's stage",
    "groups": "list country groups and say how old they are, explain one or a country code",
    "directive": "apply, lift, list dated orders on models; count whom one would touch",
    "assertion": "write the keys by which upstreams verify the gate's own signature",
    "revoke": "revoke a token, a subject or an organisation; list or lift revocations",
    "approve": "approve a change that waits for a second operator, or list them",
    "policy": "test written cases against a written policy",
    "explain": "decide on a token and a model, and say why; nothing is sent upstream",
    "status": "show revision, entries and what each worker has applied",
    "changes": "show who changed what, when and why",
    "probe": "try every known bypass on a gateway, and say what slipped past",
    "token": "mint a token of the demo issuer",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that the command line names; the value is the process's exit code."""
    named = _top().parse_args(arguments)
    if named.verb is None:
        _top().print_help(sys.stderr)
        return 2
    return exit_code(lambda: _run(named))


def _run(named: argparse.Namespace) -> int:
    verb = import_module(f"gateway.cli.{named.verb.replace('-', '_')}")
    parser = argparse.ArgumentParser(prog=f"gateway {named.verb}", description=VERBS[named.verb], allow_abbrev=False)
    verb.add_arguments(parser)
    status: int = verb.run(parser.parse_args([*named.rest, *_moved(named)]))
    return status


def _top() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<14}{what}" for name, what in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="gateway",
        usage="gateway VERB ... (gateway VERB --help tells more)",
        description="A gate in front of model inference APIs.",
        epilog=f"verbs:\n{listing}\n\nexit codes: 0 done, 1 refused, 2 bad usage, 3 not reachable",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gateway {__version__}")
    for option in ("--store", "--config"):
        parser.add_argument(option, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("verb", nargs="?", choices=list(VERBS), metavar="VERB", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _moved(named: argparse.Namespace) -> list[str]:
    """Give the common options that stand before the verb to the verb, where they are understood."""
    moved = ["--json"] if named.json else []
    for option in ("store", "config"):
        if (value := getattr(named, option)) is not None:
            moved += [f"--{option}", value]
    return moved
