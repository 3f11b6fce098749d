"""The command ``select``: chooses images by the signatures in shards."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from ..console import mark_with_bar
from ..errors import ParameterError
from ..extraction import raise_first_error
from ..selection import STRATEGIES, Choice, downsample, natural_order, target_of
from ..settings import declared
from ..shards import LOCAL, ClusterShards, Shards, check_distinct, check_settings, select_from
from ._choice import add_choice, choice_of, needs_descriptors, with_remedies
from ._options import Parser, add_null, add_on_error
from ._other_programs import check_files
from ._output import Output, add_output, check_output, placing

#: Options beside those of the choice for which all images must be in memory.
_NEEDING_ALL = (
    *("thumbnails", "explain", "curve", "manifest", "detections", "coco", "yolo", "camtrap_dp"),
    *("camtrap_dp_out", "activity"),
)

_NOT_LOOKED_FOR = (
    "Standing cameras were not looked for: these signatures have no thumbnails; extract them with "
    "--grey to prefer frames in which something is there"
)


def select_command(program: str, arguments: list[str]) -> int:
    """Runs ``select`` and returns its exit code, as :func:`smartdownsample_core.cli.main`."""
    parser = _select_parser(program)
    options = parser.parse_intermixed_args(arguments)
    check_output(options)
    check_files(options)
    if options.scheduler is not None:
        return _on_cluster(parser, options)
    shards = Shards([Path(file) for file in options.shards], options.partial)
    _check_folder(options, shards)
    if options.on_error == "raise":
        raise_first_error(shards.unreadable())
    if _by_buckets_alone(parser, options) and not shards.has_damaged():
        output = Output(options, shards.base, **shards.record())
        target = target_of("target_count", options.target_count, len(shards))
        selection, paths = select_from(shards, target, options.random_seed)
        return output.write(selection, paths)
    paths = shards.paths()
    check_distinct(paths, shards.folders)
    is_default = options.fixed_cameras is None
    if is_default:
        looks = shards.has_grey or options.leave_out_quiet > 0 or options.activity
        options.fixed_cameras = "auto" if looks else "none"
    choice = choice_of(options, paths, shards.origin.hash_size)
    descriptors = needs_descriptors(options, choice)
    needs_them = choice.needs_descriptors or options.explain
    if needs_them and not shards.has_descriptors:
        raise ParameterError(
            choice.needing_descriptors or "save_explanation",
            "needs descriptors, and these signatures were extracted with --no-descriptors",
            "extract them without it"
            + (", or use {strategy} stride" if choice.how.compares else ""),
        )
    if choice.finds_standing and not shards.has_grey:
        name = "leave_out_quiet" if options.leave_out_quiet > 0 else "save_activity"
        raise ParameterError(
            name if is_default else "fixed_cameras",
            "needs thumbnails, and these signatures were extracted without any",
            "extract them with --grey, or omit it",
        )
    if is_default and choice.how.relates and not shards.has_grey and not options.quiet:
        print(_NOT_LOOKED_FOR, file=sys.stderr)
    output = Output(options, shards.base, paths, **shards.record())
    signatures = shards.signatures(descriptors, choice.finds_standing)
    mark_with_bar(signatures, paths, choice, not options.quiet, bool(options.activity))
    order = natural_order(paths)
    with with_remedies(options, choice):
        selection = downsample(signatures, order, options.target_count, options.random_seed, choice)
    return output.write(selection, paths, signatures, choice)


def _select_parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"{program} select",
        usage="%(prog)s SHARD ... --target-count N [options]",
        description="Keep exactly N diverse images, chosen by the signatures that 'extract' wrote: "
        "the same as one run on all of them would keep. No image is read.",
    )
    parser.add_argument("shards", nargs="+", metavar="SHARD", help="files that 'extract' wrote")
    parser.add_argument("--partial", action="store_true", help="accept that shards I/N are missing")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="choose by --strategy diverse on the Dask cluster of this scheduler, for more images "
        "than fit here; close to what one machine chooses, and not the same; SHARD may be a URL",
    )
    add_null(parser, "on standard output")
    add_on_error(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only warnings and errors")
    add_output(parser)
    add_choice(parser)
    parser.set_defaults(fixed_cameras=None)  # "auto" if there are thumbnails
    return parser


def _on_cluster(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Chooses on a cluster, from what its workers find in the shards."""
    names = declared(Choice)
    check_settings(vars(options), {name: parser.get_default(name) for name in names})
    for name in _NEEDING_ALL:
        if getattr(options, name) != parser.get_default(name):
            raise ParameterError(name, "does not go with {scheduler}", "omit one of them")
    given = {name: getattr(options, name) for name in LOCAL}
    is_default = options.fixed_cameras is None
    choice = Choice(**(given | {"fixed_cameras": "auto"} if is_default else given))
    with ClusterShards(options.shards, options.scheduler, options.partial) as shards:
        _check_folder(options, shards)
        if is_default and not (shards.has_grey or options.leave_out_quiet > 0):
            choice = replace(choice, fixed_cameras="none")
            if not options.quiet:
                print(_NOT_LOOKED_FOR, file=sys.stderr)
        options.fixed_cameras = choice.fixed_cameras
        shards.check(choice)
        if options.on_error == "raise" and shards.failure:
            raise_first_error({0: shards.failure})
        output = Output(options, shards.base, **shards.record())
        return output.write(*shards.select(options.target_count, options.random_seed, choice))


def _check_folder(options: argparse.Namespace, shards: Shards | ClusterShards) -> None:
    """Raises a ValueError if files must be opened whose paths are relative to another folder."""
    opens = options.thumbnails or options.activity or placing(options)
    if opens and shards.folders - {os.getcwd()}:
        raise ValueError(
            f"the paths in these files are relative to {min(shards.folders)}; run from there to "
            "copy, link or draw images, or extract with absolute paths"
        )


def _by_buckets_alone(parser: argparse.ArgumentParser, options: argparse.Namespace) -> bool:
    """Whether buckets and the order of the images are enough for the options."""
    others = [name for name in declared(Choice) if name not in ("strategy", "fixed_cameras")]
    others += _NEEDING_ALL
    return (
        STRATEGIES[options.strategy].strides
        and options.target_count is not None
        and options.fixed_cameras != "all"
        and all(getattr(options, name) == parser.get_default(name) for name in others)
    )
