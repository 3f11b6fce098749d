"""Stub."""

from __future__ import annotations

from collections.abc import Callable

COMMANDS: dict[str, Callable[[str, list[str]], int]] = {}
