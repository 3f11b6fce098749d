"""What all operators have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types
from pymongo.errors import PyMongoError

from smartdownsample_core.checks import nearest_name

from . import names

#: How much alike two names are of which one is taken for a misspelling, though it may be neither.
_ALIKE = 0.8


@contextmanager
def database_errors() -> Iterator[None]:
    """Turns errors of the database into an OSError with a remedy."""
    try:
        yield
    except PyMongoError as error:
        raise OSError(
            f"the database failed: {error}. The signatures written so far are kept, and runs are "
            "as they were: check that MongoDB is running, and run again to continue"
        ) from error


def in_app(ctx: foo.ExecutionContext) -> bool:
    """Whether an operator runs in the App's server: its routes leave an ``operator_uri``."""
    return not ctx.delegated and "operator_uri" in ctx.request_params


def use_own_dataset(ctx: foo.ExecutionContext) -> None:
    """Has a request work on a dataset object of its own, see :func:`_apart`."""
    shared = ctx.dataset
    # As FiftyOne does where fiftyone.config.singleton_cache is off.
    own = type(shared)._make_instance(shared.name, _create=False)
    if shared.media_type == "group":
        own.group_slice = shared.group_slice
    ctx._dataset, ctx._view = own, None


def _apart(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Has an operator work on a dataset object of its own, if the App's server runs it.

    The server's requests share one object, which FiftyOne reads anew for each of them: a request
    that comes between a change in memory and its saving would take the change back.
    """

    @wraps(execute)
    def execute_apart(self: Operator, ctx: foo.ExecutionContext) -> Any:
        if ctx.dataset is not None and in_app(ctx):
            use_own_dataset(ctx)
        return execute(self, ctx)

    return execute_apart


class Operator(foo.Operator):
    """An operator on the dataset that is open; its errors of the database name a remedy."""

    key: str
    """its name"""
    about: str
    """shown below its label"""
    is_job = False
    """whether it reports progress, and can be scheduled"""
    risk = "medium"
    """what an agent is told: "low" if it writes nothing, "high" if it deletes, or writes images"""
    is_listed = True
    """whether people find it"""
    is_dynamic = True
    """whether its form follows what is typed"""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.execute = database_errors()(_apart(cls.execute))
        cls.__call__ = database_errors()(cls.__call__)

    @property
    def config(self) -> foo.OperatorConfig:
        """Name, label, icons and ways of execution."""
        return foo.OperatorConfig(
            self.key,
            label=names.LABELS[self.key],
            description=self.about,
            dynamic=self.is_dynamic,
            unlisted=not self.is_listed,
            execute_as_generator=self.is_job,
            allow_delegated_execution=self.is_job,
            risk_level=self.risk,  # FiftyOne 1.8 has none, and ignores it
            **names.ICONS,
        )

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form; there is a dataset."""
        raise NotImplementedError

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form, or what is missing for one."""
        if ctx.dataset is not None:
            return self.form(ctx)
        inputs = types.Object()
        text = "No dataset is open: open one, and try again"
        refuse(inputs.view("no_dataset", types.Warning(label=text)), text)
        return types.Property(inputs, view=types.View(label=self.config.label))


def reload(ctx: foo.ExecutionContext) -> Any:
    """Reloads the dataset in the App, and leaves a saved view that no longer exists.

    FiftyOne's server cannot serve a deleted saved view, so the App must not ask for it again.
    """
    shown = ctx.request_params.get("view_name")
    if shown and not ctx.dataset.has_saved_view(shown):
        return ctx.ops.clear_view()
    return ctx.ops.reload_dataset()


def refuse(prop: types.Property, message: str) -> None:
    """Blocks a form, with an error message at one of its properties."""
    prop.invalid = True
    prop.error_message = message


def check_names(params: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raises a ValueError for a name that looks like a misspelling of a known one.

    Not for any unknown name: the App sends along whatever its forms hold.
    """
    names = list(known)
    for name in params:
        near = nearest_name(name, names, _ALIKE)
        if near and name not in names:
            raise ValueError(f"there is no setting {name!r}; did you mean {near!r}?")
