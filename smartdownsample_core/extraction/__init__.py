"""Many files to signatures in parallel: threads, processes, or a Dask cluster."""

from ._batches import WorkerDiedError
from ._cameras import Cameras, Steps, in_order
from ._connection import Connection
from ._extract import (
    Pace,
    extract,
    extract_batches,
    raise_first_error,
    read_all,
    read_batches,
    tabulate,
)
