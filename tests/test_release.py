"""What is released says the same everywhere, and an archive of it is a plugin that works."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import yaml

import smartdownsample_core

_ROOT = Path(__file__).parents[1]
_VERSION = smartdownsample_core.__version__


def test_the_changelog_begins_with_this_version() -> None:
    """The newest release of the changelog is this version, and has its date."""
    text = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(\d[^\]]*)\] - (\S+)$", text, re.MULTILINE)
    version, date = releases[0]
    assert version == _VERSION
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)


def test_the_citation_is_of_this_version_and_credits_the_origin() -> None:
    """CITATION.cff has the version and the date of the changelog, and names smartdownsample."""
    citation = yaml.safe_load((_ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{citation['version']}] - {citation['date-released']}\n" in changelog
    assert citation["version"] == _VERSION
    (origin,) = citation["references"]
    assert origin["authors"] == [{"family-names": "van Lunteren", "given-names": "Peter"}]
    assert origin["repository-code"] == "https://github.com/PetervanLunteren/smartdownsample"


def test_the_installed_package_has_this_version() -> None:
    """The metadata that pip shows are made from the package, where the version stands."""
    assert importlib.metadata.version("smartdownsample-core") == _VERSION
