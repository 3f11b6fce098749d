"""Every message of an error that a user can meet: ``python -m tests.messages`` lists them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("smartdownsample_core", "plugin")


class Message(NamedTuple):
    """A message in the code."""

    place: str
    """file and line"""
    text: str
    """with what is filled in between braces"""


def messages() -> Iterator[Message]:
    """Yields what is raised, and what is wrong with settings: it is yielded beside their name."""
    for path in (path for name in _PACKAGES for path in sorted((_ROOT / name).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = _said(node)
            if isinstance(said, (ast.Constant, ast.JoinedStr, ast.BinOp)):
                yield Message(f"{path.relative_to(_ROOT)}:{said.lineno}", _text(said))


def _said(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
        return node.exc.args[0]
    if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
        return node.value.elts[-1]
    return None


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return f"{{{ast.unparse(node)}}}"


if __name__ == "__main__":
    for message in messages():
        print(*message, sep="\n    ")
