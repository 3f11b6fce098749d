"""Embeddings by a model of FiftyOne's zoo, so that images are compared by what they show."""

from __future__ import annotations

from typing import Any, TypedDict

import fiftyone as fo
import fiftyone.core.fields as fof
import fiftyone.zoo as foz
from eta.core.models import ModelError

from .. import names
from ..targets import kinds as targets
from ..targets import note_of
from ._background import waiting
from .engine import Progress
from .progress import Job

#: What FiftyOne's brain computes embeddings with, unless it is told otherwise.
DEFAULT_MODEL = "mobilenet-v2-imagenet-torch"

DEFAULT_FIELD = "embeddings"


class Computed(TypedDict):
    """What was computed."""

    model: str
    field: str
    samples: int
    computed: int
    missing: int
    """samples that the model could not embed, as when their images cannot be read"""


def models() -> list[str]:
    """Returns the models of the zoo, and of its sources on this computer, that make embeddings."""
    found: list[str] = foz.list_zoo_models(tags="embeddings")
    return found


def compute(view: fo.DatasetView, model: str, field: str) -> Job[Computed]:
    """Computes embeddings of images with a model; downloads it, if it is not there yet.

    Samples that have an embedding of the same model keep it, so that an interrupted call goes on.

    Args:
        view: a flat view of images
        model: its name in FiftyOne's zoo
        field: the field to write them into

    Yields:
        :class:`Progress`

    Raises:
        ValueError: for what :func:`problems` finds; or if the model can embed none of the images
        OSError: if the model cannot be downloaded
    """
    for problem in problems(view, model, field).values():
        raise ValueError(problem)
    done, total, is_wanted = 0, len(view), True

    def follow(bar: Any) -> None:
        nonlocal done
        done = bar.iteration
        if not is_wanted:
            raise RuntimeError("nobody waits for the embeddings any more")

    def load() -> Any:
        try:
            return foz.load_zoo_model(model)
        except OSError as error:
            raise OSError(
                f"the model {model!r} could not be downloaded: {error}. With a connection, "
                f"fiftyone zoo models download {model} does so"
            ) from error

    dataset = view._root_dataset  # the object that the view looks fields up in
    try:
        loaded = yield from waiting(load, lambda: Progress(0, total, "Loading the model"))
        if not dataset.has_field(field):
            about = f"Embeddings of the images, by the model {model} of FiftyOne's zoo"
            info = {names.METHOD: {"model": model}}
            dataset.add_sample_field(field, fo.VectorField, description=about, info=info)
        todo = view.exists(field, False)
        n_before = total - len(todo)
        yield from waiting(
            lambda: todo.compute_embeddings(loaded, embeddings_field=field, progress=follow),
            lambda: Progress(n_before + done, total, "Computing embeddings"),
        )
    finally:
        is_wanted = False
    missing = len(view.exists(field, False))
    if missing == total:
        dataset.delete_sample_field(field)
        raise ValueError(
            f"the model {model!r} could embed none of the {total:,} images; the log of this server "
            "says why"
        )
    return {
        "model": model,
        "field": field,
        "samples": total,
        "computed": total - n_before - missing,
        "missing": missing,
    }


def problems(view: fo.DatasetView, model: str, field: str) -> dict[str, str]:
    """Returns why embeddings cannot be computed: setting to error message."""
    found = _problem_of_view(view)
    if found:
        return {"view_target": found}
    if wrong := _problem_of_model(model):
        return {"model": wrong}
    if wrong := _problem_of_field(view._root_dataset, model, field):
        return {"field": wrong}
    return {}


def _problem_of_view(view: fo.DatasetView) -> str | None:
    if reason := targets.refusal(view):
        return reason
    items = targets.of(view)
    if items.are_whole:
        return None
    return (
        f"these are {items.noun}, whose embeddings are kept in a similarity index: make one with "
        "fiftyone.brain.compute_similarity(view, model=..., brain_key=...), and name that key "
        "under 'Compare by'"
    )


def _problem_of_model(model: Any) -> str | None:
    known = models()
    if model not in known:
        near = names.closest(str(model), known)
        return f"FiftyOne's zoo has no model {model!r} that makes embeddings{near}"
    try:
        foz.ensure_zoo_model_requirements(model, error_level=0, log_success=False)
    except ImportError as error:
        first = str(error).partition("\n")[0]
        needs = foz.get_zoo_model(model).requirements
        packages = " ".join(getattr(needs, "packages", None) or ())
        install = f"pip install {packages}" if packages else "install it"
        return (
            f"the model {model!r} lacks packages on this server: {first} To get them, {install} "
            "and restart the server"
        )
    except ModelError as error:
        return f"the model {model!r} cannot run on this server: {error}"
    return None


def _problem_of_field(dataset: fo.Dataset, model: str, field: Any) -> str | None:
    if not isinstance(field, str) or not field.isidentifier() or field.startswith("_"):
        return f"the field must be letters, digits and underscores, got {field!r}"
    there = dataset.get_field(field)
    if there is None:
        return None if not hasattr(fo.Sample, field) else f"FiftyOne uses the name {field!r} itself"
    if isinstance(there, fof.VectorField) and note_of(dataset, field).get("model") == model:
        return None
    return (
        f"the field {field!r} exists, and is not of this model; choose it under 'Compare by', or "
        "give another name"
    )
