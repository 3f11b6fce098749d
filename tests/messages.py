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


#: What makes messages, and at which argument the text begins.
_MAKERS = {"ParameterError": 1, "refused": 1, "Message": 0}


def messages() -> Iterator[Message]:
    """Yields what is raised, and what is said of settings and selections."""
    for path in (path for name in _PACKAGES for path in sorted((_ROOT / name).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = _said(node)
            if said and isinstance(said[0], (ast.Constant, ast.JoinedStr, ast.BinOp)):
                place = f"{path.relative_to(_ROOT)}:{said[0].lineno}"
                yield Message(place, "; ".join(map(_text, said)))


def _said(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
        return [] if getattr(node.exc.func, "id", "") in _MAKERS else node.exc.args[:1]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _MAKERS:
        return node.args[_MAKERS[node.func.id] :]
    return []


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
