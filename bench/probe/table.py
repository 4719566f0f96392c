"""Print the results of runs as one table: `python bench/probe/table.py self.json litellm.json portkey.json`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

OUTCOMES = ("held", "slipped", "ambiguous", "broke", "not applicable")


def main(paths: list[str]) -> None:
    """Write Markdown: a line for each kind; in each cell held, slipped, ambiguous, broke, not applicable."""
    runs: dict[str, Any] = {Path(path).stem: json.loads(Path(path).read_text(encoding="utf-8")) for path in paths}
    kinds = list(dict.fromkeys(probe["kind"] for run in runs.values() for probe in run["probes"]))
    print("| kind | " + " | ".join(runs) + " |")
    print("|---|" + "---|" * len(runs))
    for kind in [*kinds, ""]:
        cells = [cell(probe for probe in run["probes"] if kind in {"", probe["kind"]}) for run in runs.values()]
        print(f"| {kind or '**all**'} | " + " | ".join(cells) + " |")


def cell(probes: Any) -> str:  # noqa: ANN401 - rows of JSON
    """Write the five counts, or a dash where nothing was played."""
    counted = Counter(probe["outcome"] for probe in probes)
    if not counted:
        return "-"
    return " / ".join(str(counted[outcome]) for outcome in OUTCOMES)


if __name__ == "__main__":
    main(sys.argv[1:])
