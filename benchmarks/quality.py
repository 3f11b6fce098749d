"""How good the kept images are: ``python -m benchmarks.quality [--photos DIR] [--frames DIR ...]``.

The sets are bursts made of photographs, the same under shuffled names, and real frames: each folder
of ``--frames`` has a ``labels.csv`` (see :func:`benchmarks.known.labelled`) or a folder per scene.
So all scenes are known, not derived by a model. The scores are the share of the scenes that the
kept images show, with its 95% confidence interval from random halves of the scenes, and, of the
last budget, the share of near-duplicates among the kept, by two judges that no method uses.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from demo.database import use_own_database
from demo.photos import load_photos
from smartdownsample_core.images import images_below

from .embeddings import require_packages
from .judges import by_details, by_network
from .known import Known, labelled
from .methods import METHODS, NEED_JUNK, Method, imported
from .redundant import shuffle_names, windows, write_bursts
from .scores import coverage, margin, near_duplicates
from .table import print_table

_SHARES = (0.05, 0.10)
_SCENES, _IMAGES_PER_SCENE = 180, 10
_SEEDS = 3


def main() -> None:
    """Parses the arguments, makes the sets, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", metavar="DIR", help="scenes to make bursts of")
    parser.add_argument("--frames", metavar="DIR", nargs="*", default=[], help="real frames")
    parser.add_argument("--windows", type=int, metavar="N", help="N x N scenes per photograph")
    parser.add_argument("--images", type=int, help="size of the bursts made, 10 per scene")
    parser.add_argument("--strength", type=float, default=1.0, help="change between frames")
    parser.add_argument("--junk", type=float, default=0.0, help="share of frames that are blank")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--halves", type=int, default=10, help="halves of the scenes, 0 for none")
    parser.add_argument("--methods", nargs="*", choices=METHODS, help="by default, all")
    parser.add_argument("--method", metavar="MODULE:FUNCTION", help="yours as well: see README.md")
    options = parser.parse_args()
    methods = {name: METHODS[name] for name in _names(options)}
    try:
        require_packages()
        if options.method:
            methods[options.method] = imported(options.method)
    except (RuntimeError, ValueError) as error:
        parser.exit(2, f"error: {error}\n")
    with tempfile.TemporaryDirectory() as folder:
        use_own_database(Path(folder) / "database")
        for images in _sets(options, Path(folder)):
            n_scenes = images.shows.shape[1]
            print(f"\n{images.name}: {len(images.paths):,} images of {n_scenes} scenes\n")
            counts = [n_scenes, *(round(share * len(images.paths)) for share in _SHARES)]
            header = [f"{count} kept: scenes" for count in counts]
            print_table(
                ["method", *header, "alike by a network", "alike by details", "junk"],
                [
                    [name, *_measured(keep, images, counts, options.halves)]
                    for name, keep in methods.items()
                ],
            )


def _names(options: argparse.Namespace) -> list[str]:
    if options.methods is not None:
        return list(options.methods)
    return [name for name in METHODS if options.junk or name not in NEED_JUNK]


def _sets(options: argparse.Namespace, folder: Path) -> Iterator[Known]:
    """Yields the sets; what is computed of images under two names is computed once."""
    scenes = _scenes(options)
    made = write_bursts(
        scenes,
        folder / "photo bursts",
        options.images or _IMAGES_PER_SCENE * len(scenes),
        seed=options.seed,
        strength=options.strength,
        junk=options.junk,
    )
    yield made
    shuffled = shuffle_names(made, folder / "shuffled", options.seed)
    shuffled.signatures, shuffled.embeddings = made.signatures, made.embeddings
    yield shuffled
    yield from (labelled(Path(place)) for place in options.frames)


def _scenes(options: argparse.Namespace) -> list[Image.Image]:
    """Returns photographs, or as many windows of each as make some 180 scenes of them."""
    if options.photos:
        photos = [Image.open(path).convert("RGB") for path in images_below(options.photos)]
    else:
        photos = load_photos()
    side = options.windows or max(1, round((_SCENES / len(photos)) ** 0.5))
    return list(windows(photos, side))


def _measured(method: Method, images: Known, counts: Sequence[int], n_halves: int) -> list[str]:
    """Returns the scores of a method as cells of a table."""
    halves = [_half(images, np.random.default_rng(number)) for number in range(n_halves)]
    cells = []
    for count in counts:
        kept = [method(images, count, seed) for seed in range(_SEEDS)]
        found = np.mean([coverage(rows, count, images.shows) for rows in kept])
        of_halves = [_of_half(method, half, count, images) for half in halves]
        cells.append(f"{found:.0%} ± {margin(of_halves):.0%}" if n_halves else f"{found:.0%}")
    paths = [images.paths[row] for row in kept[0]]
    alike = (near_duplicates(judge(paths)) for judge in (by_network, by_details))
    junk = 1 - images.shows[kept[0]].any(axis=1).mean()
    return [*cells, *(f"{share:.0%}" for share in alike), f"{junk:.0%}"]


def _half(images: Known, rng: np.random.Generator) -> Known:
    """Returns the images of a random half of the scenes, and half of the junk."""
    n_scenes = images.shows.shape[1]
    left_out = rng.permutation(n_scenes)[: n_scenes // 2]
    is_junk = np.logical_not(images.shows.any(axis=1))
    stays = np.where(
        is_junk, rng.random(len(is_junk)) < 0.5, ~images.shows[:, left_out].any(axis=1)
    )
    return images.take(np.flatnonzero(stays))


def _of_half(method: Method, half: Known, count: int, images: Known) -> float:
    count = max(1, round(count * len(half.paths) / len(images.paths)))
    return coverage(method(half, count, 0), count, half.shows)


if __name__ == "__main__":
    main()
