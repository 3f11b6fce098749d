"""The settings of a choice, each declared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from ..settings import Setting, Settings, setting
from ._cover import COVERABLE, NOTHING, cover_keys
from ._derived import Derived
from ._notation import counts, duration, labels_by_key, ratios, target_of
from ._strategies import RECOMMENDED_STRATEGY, STRATEGIES, StrategyName

TARGET_COUNT = Setting(
    name="target_count",
    kind="whole number",
    label="Images to keep",
    help="Exact number of images to keep, or a share of them such as 10%; optional with "
    "{duplicate_distance} or {max_per_group}",
    minimum=1,
    live=True,
    reads=target_of,
)

RANDOM_SEED = Setting(
    name="random_seed",
    kind="whole number",
    label="Random seed",
    help="Runs with the same seed keep the same images, on any machine",
    default=42,
    minimum=0,
    live=True,
    option="--seed",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChoiceSettings(Derived, Settings):
    """How to choose. Subclasses narrow the types of settings that refer to data."""

    strategy: StrategyName = setting(
        kind="choice",
        label="What the images are for",
        help="How images are chosen; see docs/strategies.md. Default of the command line: diverse",
        option_help="; ".join(
            f"{name}, to {how.label[0].lower()}{how.label[1:]}" for name, how in STRATEGIES.items()
        ),
        default=RECOMMENDED_STRATEGY,
        choices={name: strategy.label for name, strategy in STRATEGIES.items()},
        live=True,
    )
    duplicate_distance: float | None = setting(
        kind="number",
        label="Near-duplicates within",
        help="Exclude images that look like an earlier one, by a distance from 0 (identical) to "
        "100 (nothing in common): try 10, or 20 to keep about one image of each scene",
        minimum=0,
        maximum=100,
        live=True,
        metavar="DISTANCE",
    )
    cover: Any = setting(
        kind="choice",
        label="First keep one of",
        help="What is covered before images that differ most are kept, the largest first: each "
        "{camera}, each visual bucket, both, or nothing",
        default=",".join(COVERABLE),
        choices={
            "camera,bucket": "Each camera and each visual bucket",
            "camera": "Each camera",
            "bucket": "Each visual bucket",
            NOTHING: "Nothing",
        },
        reads=cover_keys,
        live=True,
        metavar="WHAT",
    )
    near_duplicates: float | None = setting(
        kind="number",
        label="Near-duplicates by hash or embedding",
        help="Exclude images whose dHash differs from that of an earlier image by at most this "
        "many bits, which tells less than {duplicate_distance}. With {features}, a cosine distance "
        "from 0 to 2: try 0.05",
        live=True,
        metavar="BITS",
    )
    leave_out_junk: bool = setting(
        kind="switch",
        label="Exclude blank images",
        help="Exclude blank images: black, white, or blurred beyond use, but not empty scenes",
        default=False,
        live=True,
    )
    stratify_by: Any = setting(
        kind="name",
        label="Stratify by",
        help="A label for each image; each label gets its share of the images to keep",
        live=True,
        option_help="a CSV table of paths and labels, the word 'folder' to use the folders as "
        "labels, or keys of {max_per}, such as site+daynight; every label gets its share",
        metavar="CSV",
    )
    balance: Any = setting(
        kind="choice",
        label="Shares",
        help="Shares of the labels: {balance:proportional}, {balance:equal}, a number "
        "between 0 (equal) and 1 (proportional), or the share of each, such as day=0.6, night=0.4",
        reads=ratios,
        default="proportional",
        minimum=0,
        maximum=1,
        choices={
            "proportional": "Proportional to sizes",
            "0.5": "In between: proportional to the square roots of sizes",
            "equal": "Equal",
        },
        live=True,
        metavar="HOW",
    )
    max_per_group: int | None = setting(
        kind="whole number",
        label="Maximum per group",
        help="Maximum number of images per label or, without {stratify_by}, per visual bucket",
        minimum=1,
        live=True,
    )
    max_distance: float | None = setting(
        kind="number",
        label="Keep until within",
        help="Keep the fewest images so that no other image is farther than this from the kept "
        "ones, and at most {target_count}: from 0, identical, to 100, nothing in common. With "
        "{features}, a cosine distance from 0 to 2. Needs {strategy} {strategy:diverse}",
        minimum=0,
        live=True,
        metavar="DISTANCE",
    )
    keep: Any = setting(
        kind="name",
        label="Always keep",
        help="Images that are always kept and count towards the target; others are chosen to "
        "differ from them",
        live=True,
        option_help="a list of images that are always kept: one path per line, or a file that "
        "--output wrote",
        metavar="FILE",
    )
    features: Any = setting(
        kind="name",
        label="Compare by",
        help="Embeddings to compare images by, instead of the built-in descriptor",
        live=True,
        option_help="an .npy file of vectors to compare images by, with one row per image",
        metavar="NPY",
    )
    prefer: Any = setting(
        kind="name",
        label="Prefer",
        help="Of near-duplicates, of an event with {max_per_event}, of images within "
        "{min_interval}, and of those that differ almost as much, keep those with more of a "
        "measure: sharpness, clipped (black and white pixels) or brightness; -clipped prefers less",
        live=True,
        option_help="of near-duplicates, of an event with {max_per_event}, of images within "
        "{min_interval}, and of those that differ almost as much, keep those with more of a "
        "measure: sharpness, clipped (black and white pixels), brightness, or a column of numbers "
        "in {keys}; {prefer}=-clipped prefers less",
        metavar="MEASURE",
    )

    camera: Any = setting(
        kind="name",
        label="Camera",
        help="What took each image; each has its own events and intervals, and is covered",
        option_help="what took each image: 'folder' (the default), or a CSV table of paths and "
        "cameras; each has its own events and intervals, and is covered",
        metavar="CSV",
    )
    time: Any = setting(
        kind="name",
        label="Time",
        help="When each image was taken: a date and time, or a number (default: what files say)",
        option_help="a CSV table of paths and times, or a pattern that finds numbers in paths, "
        "such as 'frame_(?P<time>\\d+)' (default: what the files say)",
        metavar="CSV",
    )
    order: Literal["natural", "time"] = setting(
        kind="choice",
        label="Order",
        help="Order of the images, along which a stride picks: natural order of their paths, or, "
        "inside each {camera}, by when they were taken",
        default="natural",
        choices={"natural": "Natural: by their paths", "time": "By time inside each camera"},
    )
    event_gap: str | float | None = setting(
        kind="text",
        label="Events end after",
        help="Number the events: images of one {camera}, each taken less than this after the one "
        "before, such as 60 (seconds) or 5 min",
        reads=duration,
        metavar="TIME",
    )
    min_interval: str | float | None = setting(
        kind="text",
        label="Least time between images",
        help="Keep no two images of one {camera} that were taken less than this apart, such as 10 "
        "(seconds) or 1 min",
        reads=duration,
        metavar="TIME",
    )
    fixed_cameras: str | bool = setting(
        kind="choice",
        label="Standing cameras",
        help="Cameras that stand still. With {strategy} {strategy:diverse}, frames that show more "
        "than their background come first. {fixed_cameras:auto} finds such cameras, "
        "{fixed_cameras:all} takes every {camera} for one, and {fixed_cameras:none} finds none",
        option_help="cameras that stand still, of whose frames --strategy diverse prefers those "
        "that show more than the background: find them (auto), each {camera} is one (all), or none",
        default="none",
        choices={
            "auto": "Automatic: images that share a background",
            "all": "All: every camera stands still",
            "none": "None",
        },
        live=True,
    )
    leave_out_quiet: float = setting(
        kind="number",
        label="Exclude quiet frames below",
        help="Exclude frames of standing cameras with less activity than this: try 0.02, but look "
        "at what it excludes, as animals of low contrast can be as quiet as empty frames",
        default=0,
        minimum=0,
        metavar="ACTIVITY",
        live=True,
    )
    exclude: Any = setting(
        kind="text",
        label="Exclude labels",
        help="Exclude images with some labels, such as species=empty; keys are those of {max_per}",
        reads=labels_by_key,
        option="--exclude-label",
        metavar="KEY=LABEL",
    )
    max_per_event: int | None = setting(
        kind="whole number",
        label="Maximum per event",
        help="Maximum number of images per event; needs {event_gap}",
        minimum=1,
    )
    max_per: Any = setting(
        kind="text",
        label="Maximum per",
        help="Maximum number of images for each group of some keys, such as camera=50, day=20. "
        "Keys are camera, event, day, daynight, bucket, label (of {stratify_by}) and those in "
        "{keys}; site+day stands for each day of each site",
        reads=counts,
        metavar="KEY=N",
    )
    min_per: Any = setting(
        kind="text",
        label="Minimum per",
        help="Number of images that each group of some keys gets first, if it has as many and the "
        "maximums allow it, such as species=20",
        reads=counts,
        metavar="KEY=N",
    )


class PlainOptions(TypedDict, total=False):
    """The plain-valued fields of :class:`Choice` as keywords, for editors."""

    strategy: StrategyName
    duplicate_distance: float | None
    cover: str | Sequence[str]
    near_duplicates: float | None
    leave_out_junk: bool
    balance: str | float | Mapping[str, float]
    max_per_group: int | None
    max_distance: float | None
    order: Literal["natural", "time"]
    event_gap: str | float | None
    min_interval: str | float | None
    exclude: Mapping[str, str | Sequence[str]] | str | None
    max_per_event: int | None
    max_per: Mapping[str, int] | str | None
    min_per: Mapping[str, int] | str | None
    fixed_cameras: str | bool
    leave_out_quiet: float
