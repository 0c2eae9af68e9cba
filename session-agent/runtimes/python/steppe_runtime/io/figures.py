"""
Figures of matplotlib: shown at plt.show() and at the end of a step, and then closed. Never in a
window.
"""

from __future__ import annotations

import base64
import functools
import io
import os
import sys
from collections.abc import Callable

from ..packages.module_hooks import when_imported

_TYPES = {"png": "image/png", "svg": "image/svg+xml"}
_BACKEND = "module://steppe_runtime.io.figure_backend"

# matplotlib imports the backend module by name, so the backend finds its Figures here.
shown_by: Figures | None = None


class Figures:
    """
    `publish(bundle, metadata)` shows a figure, `note(error)` reports one that could not be drawn.
    """

    def __init__(
        self, publish: Callable[[dict, dict], None], note: Callable[[BaseException], None]
    ):
        self._publish = publish
        self._note = note
        self._displayed: list = []

    def follow_imports(self) -> None:
        global shown_by
        shown_by = self
        when_imported("matplotlib", _prepare_matplotlib)
        when_imported("matplotlib.pyplot", _prepare_pyplot)
        when_imported("matplotlib.figure", self._describe_figures)

    def show(self, figure) -> None:
        try:
            bundle = figure_bundle(figure)
        except Exception as error:
            self._note(error)
            return
        self._publish(bundle, {})

    def show_early(self, figure) -> None:
        """Shows the figure now and not again at the end of the step."""
        self.show(figure)
        self._displayed.append(figure)

    def show_open(self) -> None:
        """
        Shows all open figures of pyplot that display() or the last value have not shown yet, and
        closes them. An empty one was usually made by savefig() after show().
        """
        for manager in self._open_managers():
            figure = manager.canvas.figure
            if figure not in self._displayed and not _is_empty(figure):
                self.show(figure)
        self.close_open()

    def close_open(self) -> None:
        self._displayed.clear()
        if self._open_managers():
            sys.modules["matplotlib.pyplot"].close("all")

    def _open_managers(self) -> list:
        if "steppe_runtime.io.figure_backend" not in sys.modules:
            return []
        managers = sys.modules["matplotlib._pylab_helpers"].Gcf.get_all_fig_managers()
        return [manager for manager in managers if _is_ours(manager)]

    def _describe_figures(self, module) -> None:
        def _repr_mimebundle_(figure, include=None, exclude=None):
            self._displayed.append(figure)
            return figure_bundle(figure)

        module.Figure._repr_mimebundle_ = _repr_mimebundle_


def figure_bundle(figure) -> dict:
    if _is_empty(figure):
        return {"text/plain": repr(figure)}
    kind = os.environ.get("STEPPE_FIGURE_FORMAT", "png").lower()
    kind = kind if kind in _TYPES else "png"
    drawn = io.BytesIO()
    figure.savefig(
        drawn, format=kind, bbox_inches="tight", dpi=figure.dpi, facecolor=figure.get_facecolor()
    )
    data = drawn.getvalue()
    text = data.decode() if kind == "svg" else base64.b64encode(data).decode("ascii")
    return {_TYPES[kind]: text, "text/plain": repr(figure)}


def _is_empty(figure) -> bool:
    """It has nothing but its background."""
    return len(figure.get_children()) <= 1


def _is_ours(manager) -> bool:
    return type(manager).__module__ == "steppe_runtime.io.figure_backend"


def show_in_results() -> None:
    """Selects our backend, whatever backend was selected before."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:
        matplotlib.use(_BACKEND)


def _choose_backend(matplotlib) -> None:
    if _unless_agg(os.environ.get("MPLBACKEND") or _BACKEND) != _BACKEND:
        return
    matplotlib.rcParams["backend"] = _BACKEND
    pyplot = sys.modules.get("matplotlib.pyplot")
    # A preloaded pyplot may have chosen another backend already.
    if pyplot is not None and getattr(pyplot, "_backend_mod", None) is not None:
        pyplot.switch_backend(_BACKEND)


def _unless_agg(backend):
    """
    Code that selects Agg usually only wants no window. Our backend is Agg, and shows its figures as
    results.
    """
    return _BACKEND if str(backend).lower() == "agg" else backend


def _prepare_matplotlib(matplotlib) -> None:
    use = matplotlib.use

    @functools.wraps(use)
    def use_ours(backend, **options):
        return use(_unless_agg(backend), **options)

    matplotlib.use = use_ours
    _choose_backend(matplotlib)


def _prepare_pyplot(pyplot) -> None:
    switch = pyplot.switch_backend

    @functools.wraps(switch)
    def switch_to_ours(newbackend):
        return switch(_unless_agg(newbackend))

    pyplot.switch_backend = switch_to_ours
