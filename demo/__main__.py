"""``python -m demo``: builds a demo dataset, downsamples it with the plugin, serves the App."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from smartdownsample_core.checks import reason, whole_number

from .database import use_own_database

if TYPE_CHECKING:  # FiftyOne reads its settings when it is imported, and they are not made yet
    import fiftyone as fo

_ROOT = Path(__file__).resolve().parent.parent
_STATE = _ROOT / ".demo"
_IMAGES = _STATE / "images"
_N_IMAGES = 2000
N_KEPT = 100
_DATASET = "smartdownsample-demo"
_ADDRESS = "127.0.0.1"
OPERATOR = "@smartdownsample/smartdownsample/downsample"


def main() -> None:
    """Parses the arguments and runs the demo; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--images", metavar="DIR", help="use these images, not generated ones")
    parser.add_argument("--target-count", type=int, default=N_KEPT, metavar="N")
    parser.add_argument("--no-app", action="store_true", help="do not serve the App")
    parser.add_argument("--port", type=int, default=5151, metavar="N")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to end as on Ctrl-C
    if options.images and not Path(options.images).is_dir():
        parser.error(
            f"--images must be a folder of images, got {options.images}; leave it out for images "
            "that are made"
        )
    try:
        whole_number("--target-count", options.target_count, minimum=1)
        if not options.no_app:
            check_port(options.port)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    images = Path(options.images).resolve() if options.images else generate_images()
    try:
        configure_fiftyone()
    except RuntimeError as error:
        sys.exit(f"error: {error}")
    dataset = build_dataset(images)
    by_bucket, diverse = downsample(dataset, options.target_count)
    print_guide(by_bucket, diverse)
    if not options.no_app:
        serve(dataset, diverse["kept_view"], options.port)


def check_port(port: int) -> None:
    """Checks that the App can be served there, before images are made.

    Raises:
        ValueError: if it is no port
        OSError: if it is taken, or not ours to take
    """
    whole_number("--port", port, 1, 2**16 - 1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            raise OSError(
                f"--port: cannot serve at {port} ({reason(error)}); say another one, or end the "
                "program that is there"
            ) from error


def configure_fiftyone(state: Path = _STATE) -> None:
    """Points FiftyOne at a database and plugins of our own, away from the user's.

    Args:
        state: the folder for them

    Raises:
        RuntimeError: if MongoDB does not start
    """
    plugins = state / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    link = plugins / "smartdownsample"
    if not link.exists():
        link.symlink_to(_ROOT, target_is_directory=True)
    os.environ["FIFTYONE_PLUGINS_DIR"] = str(plugins)
    use_own_database(state / "database")


def generate_images() -> Path:
    """Returns the folder of generated bursts, made if it is not complete."""
    from .bursts import make_bursts
    from .photos import load_photos

    if len(list(_IMAGES.rglob("*.jpg"))) != _N_IMAGES:
        shutil.rmtree(_IMAGES, ignore_errors=True)
        print(f"Making {_N_IMAGES:,} images in bursts, in {_IMAGES} ...", flush=True)
        make_bursts(load_photos(), _IMAGES, _N_IMAGES)
    return _IMAGES


def build_dataset(images: Path) -> fo.Dataset:
    """Returns a fresh dataset of all images in a folder; samples know their camera and day."""
    import fiftyone as fo

    from smartdownsample_core.images import images_below

    samples = [
        fo.Sample(path, folder=str(Path(path).parent.relative_to(images)))
        for path in images_below(str(images))
    ]
    if not samples:
        sys.exit(
            f"error: there is no image in {images}; no file in or below it ends like an image, "
            "such as .jpg: name another folder"
        )
    dataset = fo.Dataset(_DATASET, persistent=True, overwrite=True)
    dataset.add_samples(samples)
    dataset.app_config.color_scheme = fo.ColorScheme(color_by="value")  # a colour per bucket
    dataset.save()
    return dataset


def downsample(dataset: fo.Dataset, target_count: int, **charts: str) -> list[dict]:
    """Runs the operator twice, as any SDK user would: evenly from every bucket, and by default.

    Args:
        dataset: the dataset
        target_count: samples that each run keeps
        charts: the operator's parameters for those of the first run
    """
    import fiftyone.operators as foo

    operator = foo.get_operator(OPERATOR)
    try:
        return [
            operator(
                dataset, target_count=target_count, strategy="stride", run_key="stride", **charts
            ),
            operator(dataset, target_count=target_count),
        ]
    except ValueError as error:
        sys.exit(f"error: {error}")


def print_guide(by_bucket: dict, diverse: dict) -> None:
    """Prints what the two runs did and what to look at."""
    print(f"\n{diverse['summary']}; {diverse['unreadable']} unreadable\n")
    print(f"{'Images':>7} {'Stride':>7} {'Diverse':>7}  Bucket")
    chosen = {bucket["bucket"]: bucket["kept"] for bucket in diverse["buckets"]}
    for bucket in by_bucket["buckets"]:
        kept = chosen[bucket["bucket"]]
        print(f"{bucket['size']:>7,} {bucket['kept']:>7,} {kept:>7,}  {bucket['name']}")
    print(f"""
In the App of `make demo`, dataset '{_DATASET}':
  - the view '{diverse["kept_view"]}' has {diverse["kept"]:,} samples, as different as possible
  - the view '{by_bucket["kept_view"]}' has {by_bucket["kept"]:,}, evenly from every bucket
  - the view '{diverse["buckets_view"]}' has a tile per bucket; click one to look inside
  - the panel 'Smart Downsample', under + above the grid, shows either run, and compares them
  - the sidebar filters by tag and by all of '{diverse["signature_field"]}'
  - the button above the grid runs it again with other settings; to undo a run, press ` and
    choose 'Undo a smart downsample run'""")


def serve(dataset: fo.Dataset, view_name: str, port: int) -> None:
    """Serves the App until it is interrupted; says where to find the saved view."""
    import fiftyone as fo
    import fiftyone.core.session.session as fos
    import fiftyone.core.utils as fou

    # How to forward ports from other machines is not what is asked here; ours comes below.
    logging.getLogger(fos.__name__).setLevel(logging.WARNING)
    session = fo.launch_app(dataset, remote=True, address=_ADDRESS, port=port)
    url = f"http://localhost:{port}/datasets/{dataset.name}?view={fou.to_slug(view_name)}"
    print(f"\nOpen {url}\nCtrl-C stops it.", flush=True)
    try:
        session.wait(-1)
    except KeyboardInterrupt:
        session.close()


if __name__ == "__main__":
    main()
