"""How long tests wait for what must come: on a busy machine, too; only failures take as long."""

from __future__ import annotations

PATIENCE = 300
"""seconds"""
