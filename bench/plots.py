"""The plots of the page, each as SVG and PNG. Needs matplotlib (requirements/bench.txt)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from bench.outcome import Outcome

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "bench"  # the same figures give the same file
from matplotlib import pyplot as plt  # noqa: E402 - after the choice of what draws

WIDTH: Final = 8.0
OURS: Final = "#1f6fb2"
OTHERS: Final = "#b8c4ce"
FLOOR: Final = "#dfe3e6"


def draw(outcome: Outcome, directory: Path) -> None:
    """Draw whatever the outcome has figures for."""
    directory.mkdir(parents=True, exist_ok=True)
    plots: dict[str, Callable[[Outcome, Any], bool]] = {
        "cost": _cost,
        "latency": _latency,
        "events": _events,
        "steps": _steps,
        "reloads": _reloads,
    }
    for name, plot in plots.items():
        picture, axes = plt.subplots(figsize=(WIDTH, 3.6), layout="constrained")
        if plot(outcome, axes):
            picture.savefig(directory / f"{name}.svg", metadata={"Date": None})
            picture.savefig(directory / f"{name}.png", dpi=140)
        plt.close(picture)


def _bars(axes: Any, names: Sequence[str], values: Sequence[float], label: str) -> bool:  # noqa: ANN401 - matplotlib has no types here
    colours = [OURS if name == "gate" else FLOOR if "no checks" in name else OTHERS for name in names]
    axes.barh(names, values, color=colours)
    axes.invert_yaxis()
    axes.bar_label(axes.containers[0], fmt="{:,.1f}", padding=3)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return bool(names)


def _cost(outcome: Outcome, axes: Any) -> bool:  # noqa: ANN401
    first = outcome.plan.cases[0].connections
    asked = [one for one in outcome.requests if one.connections == first and one.peer != "direct"]
    if asked:
        axes.set_xscale("log")
        axes.set_xlim(left=1)
    label = f"CPU microseconds per request, {first} connections (logarithmic)"
    return bool(asked) and _bars(axes, [one.peer for one in asked], [one.cpu_microseconds.median for one in asked], label)


def _events(outcome: Outcome, axes: Any) -> bool:  # noqa: ANN401
    told = [(one.peer, one.cpu_microseconds.median) for one in outcome.events if one.cpu_microseconds]
    return bool(told) and _bars(axes, [name for name, _ in told], [cost for _, cost in told], "CPU microseconds per relayed event")


def _steps(outcome: Outcome, axes: Any) -> bool:  # noqa: ANN401
    if outcome.steps is None:
        return False
    shown = outcome.steps.steps[:16]
    return _bars(axes, [step.name for step in shown], [step.microseconds for step in shown], "microseconds of a request")


def _latency(outcome: Outcome, axes: Any) -> bool:  # noqa: ANN401
    for peer in dict.fromkeys(one.peer for one in outcome.latency):
        points = [one for one in outcome.latency if one.peer == peer]
        style = {"color": OURS, "linewidth": 2.5} if peer == "gate" else {"linewidth": 1.2, "linestyle": "--"}
        axes.plot([one.share * 100 for one in points], [max(one.added[1], 0.01) for one in points], marker="o", label=peer, **style)
    if not outcome.latency:
        return False
    axes.set(yscale="log", xlabel="load, % of the server's own capacity", ylabel="added p99, ms")
    axes.legend(frameon=False, fontsize=8)
    return True


def _reloads(outcome: Outcome, axes: Any) -> bool:  # noqa: ANN401
    grants = [one.grants for one in outcome.reloads]
    axes.plot(grants, [one.effect.p50 for one in outcome.reloads], marker="o", color=OURS, label="edit to effect, median")
    axes.plot(grants, [one.stormy.greatest for one in outcome.reloads], marker="o", color=OTHERS, label="longest answer during edits")
    axes.set(xscale="log", yscale="log", xlabel="grants", ylabel="ms")
    axes.legend(frameon=False, fontsize=8)
    return bool(grants)
