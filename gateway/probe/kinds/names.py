"""Other spellings of the forbidden name, which the gateway may not know and the upstream may: what is not in the catalogue is unknown."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import ask, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "a spelling that the list does not have and the upstream takes for the same model"
SEEN: Final = "vLLM router #2116"

SPELLINGS: Final[tuple[tuple[str, Callable[[str, str], str]], ...]] = (
    ("provider prefix", lambda _, f: f"openai/{f}"),
    ("two prefixes", lambda _, f: f"openrouter/openai/{f}"),
    ("models/ prefix", lambda _, f: f"models/{f}"),
    ("@ prefix", lambda _, f: f"@openai/{f}"),
    ("allowed name as the prefix", lambda a, f: f"{a}/{f}"),
    ("allowed name and dots", lambda a, f: f"{a}/../{f}"),
    ("client suffix", lambda _, f: f"{f}[1m]"),
    ("dated snapshot", lambda _, f: f"{f}-2026-01-01"),
    ("tag", lambda _, f: f"{f}:latest"),
    ("fine-tune", lambda _, f: f"ft:{f}:org::abc123"),
    ("upper case", lambda _, f: f.upper()),
    ("space before", lambda _, f: f" {f}"),
    ("space behind", lambda _, f: f"{f} "),
    ("line end behind", lambda _, f: f"{f}\n"),
    ("zero byte behind", lambda _, f: f"{f}\0"),
    ("zero byte between", lambda a, f: f"{f}\0{a}"),
    ("hidden character within", lambda _, f: f[0] + "\u200b" + f[1:]),
    ("wide letter", lambda _, f: chr(ord(f[0]) + 0xFEE0) + f[1:]),
    ("percent-encoded", lambda _, f: f"%{ord(f[0]):02x}{f[1:]}"),
    ("both with a comma", lambda a, f: f"{a},{f}"),
    ("both with a bar", lambda a, f: f"{a}|{f}"),
    ("256 spaces and the name", lambda _, f: " " * 256 + f),
    ("a name of 100,000 characters", lambda _, f: f + "x" * 100_000),
)


def _named(spell: Callable[[str, str], str]) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(spell(target.allowed, target.forbidden))))


PROBES: Final = tuple(Probe("names", name, HOLE, SEEN, _named(spell)) for name, spell in SPELLINGS)
