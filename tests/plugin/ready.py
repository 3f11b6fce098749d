"""Commands whose processes find FiftyOne imported, which takes others three seconds.

``python -m tests.plugin.ready SOCKET`` imports FiftyOne and nothing of this project, and forks a
process for each command that a client asks for, with the arguments, the folder, the environment
and the standard streams of the client.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]

_CLIENT = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"!"], [0, 1, 2])
    request = os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)
    server.sendall(json.dumps(request).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.makefile().read()))
"""


@contextlib.contextmanager
def commands(folder: Path, address: Path) -> Iterator[Path]:
    """Yields an existing folder with the commands ``fiftyone`` and ``ready-python``.

    Args:
        folder: where to write them
        address: of the socket that they ask; its path must be short
    """
    for name in ("fiftyone", "ready-python"):
        (folder / name).write_text(_CLIENT.format(python=sys.executable, address=str(address)))
        (folder / name).chmod(0o755)
    command = [sys.executable, "-m", "tests.plugin.ready", str(address)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=_ROOT, **pipes) as server:  # type: ignore[call-overload]
        assert server.stdout.readline() == b"ready\n"
        yield folder


def main() -> None:
    """Answers one client after the other, until the standard input ends."""
    importlib.import_module("fiftyone.core.cli")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(sys.argv[1])
        server.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            client, _ = server.accept()
            with client:
                _, streams, _, _ = socket.recv_fds(client, 1, 3)
                request = json.loads(client.makefile().read())
                child = os.fork()
                if child == 0:
                    _work(streams, *request)
                for stream in streams:
                    os.close(stream)
                _, status = os.waitpid(child, 0)
                client.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _work(
    streams: list[int], name: str, arguments: list[str], folder: str, env: dict[str, str]
) -> None:
    status: Any = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(env)
        _run(name, arguments)
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:  # noqa: BLE001 (as the interpreter does)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)  # not the ways out of the server


def _run(name: str, arguments: list[str]) -> None:
    import fiftyone as fo
    from fiftyone.core import cli, config

    vars(fo.config).update(vars(config.load_config()))  # there are settings in the environment
    if name == "fiftyone":
        sys.argv = [name, *arguments]
        sys.exit(cli.main())
    option, code, *rest = arguments
    assert option == "-c"
    sys.argv = [option, *rest]
    modules = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = ["", *filter(None, modules)]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
