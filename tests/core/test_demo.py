"""The demo's arguments, which are checked before it makes or starts anything."""

from __future__ import annotations

import socket

import pytest

from demo.__main__ import check_port


@pytest.mark.parametrize("port", [0, 99_999_999])
def test_a_port_has_bounds(port: int) -> None:
    with pytest.raises(
        ValueError, match=f"^--port must be a whole number from 1 to 65,535, got {port}"
    ):
        check_port(port)


def test_a_port_that_is_taken_is_refused() -> None:
    """And one that has become free is taken."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"^--port: cannot serve at {port} \(Address already in"):
            check_port(port)
    check_port(port)
