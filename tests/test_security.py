"""What the code never does with what users give it; see SECURITY.md."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartdownsample_core import limits

_ROOT = Path(__file__).parents[1]
#: What users run on their own files, and what only makes and measures demo images.
_SHIPPED = sorted([_ROOT / "__init__.py", *_ROOT.glob("smartdownsample_core/**/*.py"),
                   *_ROOT.glob("plugin/**/*.py")])  # fmt: skip
_ALL = sorted({*_SHIPPED, *_ROOT.glob("demo/**/*.py"), *_ROOT.glob("benchmarks/**/*.py")})

#: Modules that make objects or code of bytes. ``multiprocessing`` pickles between a process and its
#: workers only.
_MAKES_CODE = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
#: And those that start programs or speak to others.
_REACHES_OUT = {"subprocess", "pty", "socket", "urllib", "http", "requests", "ftplib", "ctypes"}

#: The one module that starts processes.
_STARTS_PYTHON = _ROOT / "smartdownsample_core" / "extraction" / "_processes.py"

_RUNS_CODE = {"eval", "exec", "compile", "__import__"}
_RUNS_PROGRAMS = {"system", "popen", "execv", "execve", "execvp", "execl", "spawnv", "spawnl",
                  "posix_spawn", "fork"}  # fmt: skip


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _imported(path: Path) -> set[str]:
    names = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "optional":
            names.add(ast.literal_eval(node.args[0]).split(".")[0])
    return names


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in _nodes(path) if isinstance(node, ast.Call))


def _faults(call: ast.Call) -> Iterator[str]:
    options = {word.arg: word.value for word in call.keywords}
    shell = options.get("shell")
    if isinstance(call.func, ast.Name) and call.func.id in _RUNS_CODE:
        yield call.func.id
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
        if owner == "os" and call.func.attr in _RUNS_PROGRAMS:
            yield f"os.{call.func.attr}"
        if owner in ("np", "numpy") and call.func.attr == "load":
            allowed = options.get("allow_pickle")
            if not (isinstance(allowed, ast.Constant) and allowed.value is False):
                yield "np.load without allow_pickle=False"
        if owner == "yaml" and call.func.attr not in ("safe_load", "safe_dump"):
            yield f"yaml.{call.func.attr}"
    if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
        yield "shell"


@pytest.mark.parametrize("path", _ALL, ids=lambda path: str(path.relative_to(_ROOT)))
def test_nothing_given_becomes_code(path: Path) -> None:
    """No pickle, no eval, no shell; what is shipped starts no program and speaks to nobody."""
    forbidden = _MAKES_CODE | (_REACHES_OUT if path in _SHIPPED else set())
    forbidden -= {"subprocess"} if path == _STARTS_PYTHON else set()
    assert not _imported(path) & forbidden
    assert [fault for call in _calls(path) for fault in _faults(call)] == []


def test_only_this_python_is_started() -> None:
    """Worker processes are this interpreter, with code that is ours."""
    calls = [call for call in _calls(_STARTS_PYTHON) if "subprocess." in ast.unparse(call.func)]
    assert [ast.unparse(call.func) for call in calls] == ["subprocess.Popen"]
    python, _, option, code = map(ast.unparse, calls[0].args[0].elts)
    assert (python, option) == ("sys.executable", "'-c'")
    assert code.startswith("_CODE.format(")


def test_the_network_is_reached_in_one_place() -> None:
    """Only for paths that are URLs: the module that reads them alone imports fsspec."""
    users = [path.name for path in _SHIPPED if _imported(path) & {"fsspec", "aiohttp", "s3fs"}]
    assert users == ["_remote.py"]


@pytest.mark.parametrize(
    "code",
    [
        "eval(name)",
        "exec(name)",
        "os.system(name)",
        "np.load(name)",
        "np.load(name, allow_pickle=True)",
        "subprocess.run(name, shell=True)",
        "yaml.load(name)",
    ],
)
def test_the_search_finds_what_it_is_for(code: str) -> None:
    """Each forbidden call is seen."""
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert len(list(_faults(call))) == 1


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        pytest.param([], 0, "NOTHING WAS AUDITED", id="unreachable"),
        pytest.param([{"name": "a", "skip_reason": "unknown"}], 0, "NOTHING WAS", id="unknown"),
        pytest.param([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1", id="clean"),
        pytest.param(
            [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}],
            1,
            "a 1: PYSEC-1, mended in 2",
            id="finding",
        ),
    ],
)
def test_audit_fails_on_findings_only(entries: list[object], code: int, words: str) -> None:
    """And says so if nothing could be looked up."""
    verdict = runpy.run_path(str(_ROOT / ".ci" / "audit.py"))["verdict"]
    text, exit_code = verdict(entries, "no connection")
    assert exit_code == code
    assert words in text


def test_security_policy_names_every_limit() -> None:
    """SECURITY.md says what the limits are, with the figures of the code."""
    policy = " ".join((_ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    for bound in (
        limits.MAX_SIDE,
        limits.MAX_SCANS,
        limits.MAX_PARTS,
        limits.MAX_SECONDS,
        limits.MAX_SLOW_PIXELS,
    ):
        assert f" {bound:,} " in policy
    assert f"{limits.MAX_FILE_BYTES // 2**30} GiB per file" in policy
    assert f"{limits.MAX_TABLE_BYTES // 2**20} MiB of tables" in policy
    assert f"{limits.MAX_MEMORY_BYTES // 2**30} GiB for decoding" in policy
    assert all(name in policy for name in limits.FORMATS)


def test_security_policy_names_tests_that_exist() -> None:
    """Each promise has one beside it."""
    named = re.findall(r"`(test_\w+)`", (_ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    tests = "".join(path.read_text(encoding="utf-8") for path in _ROOT.glob("tests/**/test_*.py"))
    assert len(named) > 10
    assert [name for name in named if f"def {name}(" not in tests] == []
