"""Columns of the table of signatures in FiftyOne: what the core declares is what is stored."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from plugin import names
from tests.documented_patches import add_column, run_there

_APP = Path(__file__).parents[2] / "docs" / "app.md"

_SCRIPT = """
import sys
import fiftyone as fo
from plugin.targets import signature_fields, stored_signatures
from smartdownsample_core import extract

def load():
    return stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=False)

dataset = fo.Dataset()
dataset.add_samples([fo.Sample(path) for path in sys.argv[1:]])
target = load()
target.signatures.put(target.stale, extract(target.paths))
signature_fields.declare(dataset, target.items, "signature", wanted_by_user=True)
stored_signatures.write(dataset, "signature", target, target.stale)
field = dataset.get_field("signature.saturation")
print(type(field).__name__, field.description)
again = load()
computed = target.signatures.saturation.tolist()
print(dataset.values("signature.saturation") == computed == again.signatures.saturation.tolist())
print(len(target.stale), len(again.stale), min(computed) > 0)
dataset.delete_sample_field("signature.saturation")
older = load()
print(len(older.stale), older.signatures.readable.sum(), older.signatures.saturation[0])
dataset.delete()
"""


@pytest.mark.parametrize(("required", "older"), [(True, "5 0 nan"), (False, "0 5 nan")])
def test_a_column_is_added_in_two_files(
    images: list[str], tmp_path: Path, ready_commands: Path, required: bool, older: str
) -> None:
    """The patch of docs/architecture.md takes it to a declared sub-field, and back.

    Signatures that were stored before there was the column are computed again, unless they may be
    without it.
    """
    add_column(tmp_path, required)
    python = ready_commands / "ready-python"
    assert run_there(tmp_path, _SCRIPT, dict(os.environ), *images[:5], python=python) == [
        "FloatField Mean difference of the highest and the lowest channel, 0-255",
        "True",
        "5 0 True",
        older,
    ]


def test_the_sub_fields_that_are_documented_exist() -> None:
    """Of those of a signature, docs/app.md gives examples."""
    (row,) = re.findall(r"^\| signatures: (.*?) \|", _APP.read_text(encoding="utf-8"), re.MULTILINE)
    documented = set(re.findall(r"`(\w+)`", row))
    assert documented <= {name for name, _, _ in names.SUBFIELDS}
    assert len(documented) > 5
