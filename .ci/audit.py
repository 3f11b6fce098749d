"""Compares installed packages with known vulnerabilities: fails on findings, and only on these.

``python .ci/audit.py AUDITOR FOLDER``: the program pip-audit, and a site-packages folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def audited(auditor: str, folder: str) -> tuple[list[dict[str, Any]], str]:
    """Returns pip-audit's entries, none if it could not do its work, and what it said."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary, "report.json")
        result = subprocess.run(
            [auditor, "--path", folder, "--skip-editable", "--format=json", f"--output={report}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.is_file() or not report.stat().st_size:
            return [], result.stderr.strip()
        return json.loads(report.read_text(encoding="utf-8"))["dependencies"], ""


def verdict(entries: list[dict[str, Any]], said: str) -> tuple[str, int]:
    """Returns what to print, and the exit code: 1 for findings, else 0."""
    findings = [
        f"{entry['name']} {entry['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no release yet'}"
        for entry in entries
        for flaw in entry.get("vulns", [])
    ]
    looked_up = [entry for entry in entries if "skip_reason" not in entry]
    lines = [*findings, f"{len(looked_up)} of {len(entries)} packages were looked up"]
    if not looked_up:
        lines.append("NOTHING WAS AUDITED: the advisory service was not reached, or knows none")
        lines += said.splitlines()[-1:]
    return "\n".join(lines), 1 if findings else 0


if __name__ == "__main__":
    text, code = verdict(*audited(*sys.argv[1:]))
    print(text)
    sys.exit(code)
