"""Where the kept images go: options, and what they ask for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import report
from ..annotations import Objects, write_subset
from ..console import print_warnings
from ..errors import counted
from ..images import is_remote
from ..new_files import are_same, new_pngs, writing
from ..own_files import is_below, note
from ..report import (
    TEXT,
    VERBS,
    Placing,
    dropped_if_it_fails,
    new_list,
    new_manifest,
    new_table,
    with_line_breaks,
    write_csv,
    write_list,
    write_table,
    write_text,
)
from ..selection import FOLDER, RANDOM_SEED, TARGET_COUNT, Choice, Selection
from ..signatures import Signatures
from ._objects import IMAGES, OBJECTS, columns_of, items_of, key_of, name_of
from ._options import FAILED, OK, add_setting, option_of
from ._other_programs import new_package
from ._record import manifest_of, record_of


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds the options for the number of images and the output; see :class:`Output`."""
    add_setting(parser, TARGET_COUNT, "-n")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the kept paths to a new .txt, .csv or .json"
    )
    add_setting(parser, RANDOM_SEED)
    more = parser.add_argument_group("what else to write")
    group = more.add_mutually_exclusive_group()
    for verb in VERBS:
        group.add_argument(
            f"--{verb}-to", metavar="DIR", help=f"{verb} the kept files there, folders and all"
        )
    more.add_argument(
        "--explain",
        metavar="FILE",
        help="write why each image was kept or left out, and which kept image stands for it, to a "
        "new .csv or .parquet",
    )
    more.add_argument(
        "--manifest",
        metavar="FILE",
        help="write settings, digests of all images and what was kept to a new .json, for 'verify'",
    )
    more.add_argument(
        "--camtrap-dp-out",
        metavar="DIR",
        help="write a new Camtrap DP package of the kept images of --camtrap-dp, with their files, "
        "observations and deployments",
    )
    more.add_argument("--distribution", metavar="PNG", help="chart of kept images per bucket")
    more.add_argument(
        "--curve", metavar="PNG", help="chart of how far images left out are, by the number kept"
    )
    more.add_argument(
        "--activity",
        metavar="PNG",
        help="frames of standing cameras that are most active, or most doubtful, and where they "
        "differ from the background",
    )
    more.add_argument("--thumbnails", metavar="PNG", help="grid of thumbnails per bucket")


def check_output(options: argparse.Namespace) -> None:
    """Raises a ParameterError for a number out of its bounds."""
    for what in (TARGET_COUNT, RANDOM_SEED):
        what.check(getattr(options, what.name))


def placing(options: argparse.Namespace, base: str = "") -> Placing | None:
    """Returns what ``--copy-to`` or a similar option asks for; None without one."""
    asked = ((verb, getattr(options, f"{verb}_to")) for verb in VERBS)
    return next((Placing(verb, Path(to), base) for verb, to in asked if to), None)


class Output:
    """Where the kept images go; checked before any work is done."""

    def __init__(
        self,
        options: argparse.Namespace,
        base: str,
        paths: Sequence[str] = (),
        **source: Any,
    ) -> None:
        """Checks that the output can be written.

        Args:
            options: the parsed options
            base: the folder below which copies keep their structure
            paths: the images to choose from, if known already
            source: what a ``.json`` records about the images to choose from
        """
        _refuse_to_place_urls(options, paths)
        if sys.stdout is None and not options.output:
            raise ValueError("standard output is closed; write the list with --output")
        self._placing = placing(options, base)
        self._base = base
        if self._placing:
            self._placing.check(paths)
        self._options = options
        self._package = new_package(options)
        self._list = new_list(options.output)
        # Taken now, because the files may change while images are read.
        has_record = self._list is not None and self._list.suffix.lower() == ".json"
        self._manifest = new_manifest(options.manifest)
        self._record = record_of(options, **source) if has_record or self._manifest else {}
        names = ("distribution", "thumbnails", "curve", "activity")
        self._distribution, self._thumbnails, self._curve, self._activity = new_pngs(
            {f"--{name}": getattr(options, name) for name in names}
        )
        self._explanation = new_table("--explain", options.explain)
        for name, other in (("--explain", self._explanation), ("--manifest", self._manifest)):
            if self._list and other and are_same(self._list, other):
                raise ValueError(f"--output and {name} are the same file: {self._list}; name two")

    def write(
        self,
        selection: Selection,
        paths: list[str],
        signatures: Signatures | None = None,
        choice: Choice | None = None,
        objects: Objects | None = None,
    ) -> int:
        """Writes a selection and returns the exit code.

        Args:
            selection: what was kept of ``paths``
            paths: n image files
            signatures: theirs, if a manifest or the activity is to be written
            choice: how they were chosen, for the activity
            objects: if they were chosen among, or by; ``paths`` are those of their images
        """
        options = self._options
        _refuse_to_place_urls(options, paths)
        strata = "folders" if options.stratify_by == FOLDER else "labels"
        print_warnings(
            selection, paths, name_files=True, stream=sys.stderr, word=option_of, strata=strata
        )
        if not selection.n_readable:
            return FAILED
        kept = list(dict.fromkeys(paths[index] for index in selection.indices))
        done: list[str] = []
        files: list[Path] = []
        if self._placing:
            done.append(self._placing.place(kept))
            if others := self._placing.n_others(kept):
                n, where = others + len(kept), self._placing.directory
                are = "1 is the kept image" if len(kept) == 1 else f"{len(kept):,} are kept images"
                print(f"Warning: {where} now holds {n:,} files, of which {are}", file=sys.stderr)
        if self._package:
            rows = write_subset(options.camtrap_dp, self._package, kept, self._base)
            images, observations = counted(rows["media"], "images"), rows["observations"]
            done.append(
                f"Wrote {images}, {counted(observations, 'observations')} and "
                f"{counted(rows['deployments'], 'deployments')} to {self._package}"
            )
        what = options.choose if objects is not None else IMAGES
        null = what != OBJECTS and self._null(selection, paths)
        columns = columns_of(objects, key_of(options))
        names = paths if objects is None else list(map(name_of, paths, objects.box))
        if self._list:
            write_list(self._list, paths, selection, null, self._record, columns=columns)
            files.append(self._list)
        if self._manifest and signatures is not None:
            record = manifest_of(self._record, paths, signatures, options.target_count)
            write_list(self._manifest, paths, selection, record=record, name="--manifest")
            files.append(self._manifest)
        if self._explanation:
            write_table("--explain", self._explanation, names, selection)
            files.append(self._explanation)
        charts = (self._distribution, self._thumbnails, self._curve, self._activity)
        for chart in filter(None, charts):
            if is_below(chart.parent, self._base):
                note(chart.parent, "charts", [chart.name])
        try:
            items = items_of(objects, paths)
            report.save_charts(selection, items, self._distribution, self._thumbnails)
            if self._curve:
                report.save_curve(selection.coverage(), self._curve)
            if self._activity and signatures is not None and choice is not None:
                report.save_activity(selection, signatures.grey, paths, choice, self._activity)
            files += filter(None, charts)
        finally:  # a failed chart must not lose the list
            if not options.quiet:
                noun = OBJECTS if what == OBJECTS else IMAGES
                print(report.summary(selection, strata, noun), file=sys.stderr)
                if self._curve:
                    print(report.how_many(selection.coverage()), file=sys.stderr)
                done += [f"Wrote {', '.join(map(str, files))}"] * bool(files)
                for line in done:
                    print(line, file=sys.stderr)
            if not self._list:
                with writing("standard output", "the list"), dropped_if_it_fails(sys.stdout):
                    if what == OBJECTS:
                        write_csv(sys.stdout, paths, selection, columns)
                    else:
                        write_text(sys.stdout, paths, selection, null)
                    sys.stdout.flush()
        return OK

    def _null(self, selection: Selection, paths: list[str]) -> bool:
        """Returns whether to separate names by null characters; --keep reads both forms."""
        broken = with_line_breaks(paths, selection)
        is_text = self._list is None or self._list.suffix.lower() == TEXT
        if self._options.null or not broken or not is_text:
            return bool(self._options.null)
        what = "1 kept name has" if len(broken) == 1 else f"{len(broken):,} kept names have"
        result = f"{self._list} separates names by null characters" if self._list else "use --null"
        print(f"Warning: {what} line breaks, such as {broken[0]!r}: {result}", file=sys.stderr)
        return self._list is not None


def _refuse_to_place_urls(options: argparse.Namespace, paths: Sequence[str]) -> None:
    where = placing(options)
    if where and (url := next(filter(is_remote, paths), None)):
        raise ValueError(
            f"{where.option} is for local files, and {url} is a URL; write a list with --output"
        )
