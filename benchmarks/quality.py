"""How good the kept images are: ``python -m benchmarks.quality [--photos DIR] [--bursts DIR ...]``.

Three kinds of sets: bursts made of photographs, where the scenes are known; the same under shuffled
names; and real bursts, where the judge derives them: the images of a folder are grouped so that no
two of a scene are further apart than a cosine distance of ``--radius``. Its default, 0.15, parts an
empty site from one with an animal, and a camera that moves on into several scenes. On real bursts
the judge thus sets the questions and marks the answers: compare methods there, not sets. As a near-
duplicate counts what the judge has within 0.15 of another kept image; of a photograph's frames 99%
are closer, and those of two photographs start at 0.4.

The judge is a network that no method uses: ``pip install --group dev --group quality``. The last
row is the judge's own choice, farthest first among its features: what could be reached.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.photos import load_photos
from smartdownsample_core.images import images_below

from .judge import judge_features, require_judge
from .methods import METHODS, SEEDS, WITHOUT_JUNK, keep_farthest
from .redundant import RedundantSet, derive_scenes, shuffle_names, windows, write_bursts
from .scores import Scores, mean_scores, score
from .table import print_table

_BUDGETS = (0.01, 0.05, 0.10, 0.30)
_NEAR = 0.15  # cosine distance
_SCENES, _IMAGES_PER_SCENE = 180, 10

_PLOTTED = {
    "coverage": "share of the scenes",
    "duplicates": "near-duplicates among the kept",
    "mean_distance": "mean distance to the nearest kept",
}
# Ours stand out; what they are compared with is grey.
_STYLES: dict[str, dict[str, Any]] = {
    "random": {"color": "#9aa1ab", "linewidth": 1, "linestyle": ":"},
    "every n-th": {"color": "#9aa1ab", "linewidth": 1, "linestyle": "--"},
    "smartdownsample 1.9.2": {"color": "#6a717c", "linewidth": 1},
    "stride": {"color": "#2a6fbb", "linewidth": 2},
    "diverse": {"color": "#0b7a75", "linewidth": 2.5},
    "representative": {"color": "#d1495b", "linewidth": 2},
    "plain farthest first": {"color": "#0b7a75", "linewidth": 1, "linestyle": "--"},
    "the judge": {"color": "#15181d", "linewidth": 1, "linestyle": "-."},
}

Results = dict[str, dict[str, dict[float, Scores]]]
"""name of the set, name of the method, budget"""


def main() -> None:
    """Parses the arguments, makes the sets, prints the tables, saves the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", metavar="DIR", help="scenes to make bursts of")
    parser.add_argument("--bursts", metavar="DIR", nargs="*", default=[], help="real bursts")
    parser.add_argument("--windows", type=int, metavar="N", help="N x N scenes per photograph")
    parser.add_argument("--images", type=int, help="size of the bursts made, 10 per scene")
    parser.add_argument("--strength", type=float, default=1.0, help="change between frames")
    parser.add_argument("--junk", type=float, default=0.0, help="share of frames of nothing")
    parser.add_argument("--radius", type=float, default=_NEAR, help="of the scenes of real bursts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", nargs="*", choices=METHODS)
    parser.add_argument("--plot", metavar="PNG", default="quality.png")
    options = parser.parse_args()
    try:
        require_judge()
    except RuntimeError as error:
        parser.exit(2, f"error: {error}\n")
    methods = options.methods or [name for name in METHODS if options.junk or name != WITHOUT_JUNK]
    results: Results = {}
    with tempfile.TemporaryDirectory() as folder:
        for known, features in _sets(options, Path(folder)):
            results[known.name] = _measure(known, features, methods)
            _print(known, results[known.name])
    plot(results, options.plot)


def _sets(
    options: argparse.Namespace, folder: Path
) -> Iterator[tuple[RedundantSet, NDArray[np.float32]]]:
    """Yields the sets with the judge's features, which are computed once for both orders."""
    scenes = _scenes(options)
    made = write_bursts(
        scenes,
        folder / "photo bursts",
        options.images or _IMAGES_PER_SCENE * len(scenes),
        seed=options.seed,
        strength=options.strength,
        junk=options.junk,
    )
    features = judge_features(made.paths)
    yield made, features
    yield shuffle_names(made, folder / "shuffled", options.seed), features
    if options.bursts:
        paths = [path for place in options.bursts for path in images_below(place)]
        features = judge_features(paths)
        labels = derive_scenes(paths, features, options.radius)
        yield RedundantSet("real bursts", paths, labels), features


def _scenes(options: argparse.Namespace) -> list[Image.Image]:
    """Returns photographs, or as many windows of each as make some 180 scenes of them."""
    if options.photos:
        photos = [Image.open(path).convert("RGB") for path in images_below(options.photos)]
    else:
        photos = load_photos()
    side = options.windows or max(1, round((_SCENES / len(photos)) ** 0.5))
    return list(windows(photos, side))


def _measure(
    known: RedundantSet, features: NDArray[np.float32], methods: Sequence[str]
) -> dict[str, dict[float, Scores]]:
    chosen = {name: METHODS[name] for name in methods}
    chosen["the judge"] = keep_farthest(lambda _: features)
    found: dict[str, dict[float, Scores]] = {}
    for name, method in chosen.items():
        found[name] = {}
        for budget in _BUDGETS:
            count = max(1, round(budget * len(known.paths)))
            kept = (method(known.paths, count, seed) for seed in range(SEEDS.get(name, 3)))
            found[name][budget] = mean_scores(
                [score(rows, count, known.scenes, features, _NEAR) for rows in kept]
            )
    return found


def _print(known: RedundantSet, found: dict[str, dict[float, Scores]]) -> None:
    n_scenes = len(np.unique(known.scenes[known.scenes >= 0]))
    print(f"\n{known.name}: {len(known.paths):,} images of {n_scenes} scenes\n")
    header = ["kept", "method", "scenes", "near-duplicates", "mean distance", "95% within", "junk"]
    rows = []
    for budget in _BUDGETS:
        for name, by_budget in found.items():
            rows.append([f"{budget:.0%}", name, *(f"{value:.3f}" for value in by_budget[budget])])
    print_table(header, rows)


def plot(results: Results, path: str) -> None:
    """Saves coverage, near-duplicates and distances by budget, a column per set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(results) + 1, 9), layout="constrained")
    axes = figure.subplots(3, len(results), sharex=True, sharey="row", squeeze=False)
    for column, (name, found) in enumerate(results.items()):
        axes[0, column].set_title(name, fontsize=11)
        for method, by_budget in found.items():
            budgets = [100 * budget for budget in by_budget]
            for row, field in enumerate(_PLOTTED):
                values = [getattr(scores, field) for scores in by_budget.values()]
                style = _STYLES.get(method, {"color": "#b4530a", "linewidth": 1})
                axes[row, column].plot(budgets, values, marker="o", ms=3, label=method, **style)
        axes[-1, column].set_xlabel("kept, % of the images")
    for row, label in enumerate(_PLOTTED.values()):
        axes[row, 0].set_ylabel(label)
        for axis in axes[row]:
            axis.set_ylim(bottom=0)
            axis.grid(alpha=0.3)
            axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
