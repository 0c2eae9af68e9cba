"""
Figures of matplotlib: shown at plt.show() and at the end of a step, and then closed. Never in a
window.
"""

from __future__ import annotations

import base64
import functools
import io
import os
import struct
import sys
from collections.abc import Callable

from ..packages.module_hooks import when_imported

_TYPES = {
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "png2x": "image/png",
    "retina": "image/png",
    "svg": "image/svg+xml",
}
_TWICE_AS_SHARP = ("png2x", "retina")
_BACKEND = "module://steppe_runtime.io.figure_backend"

# What set_figure_formats() adds to the arguments of savefig().
_save_options: dict = {}

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
            bundle, metadata = figure_bundle(figure)
        except Exception as error:
            self._note(error)
            return
        self._publish(bundle, metadata)

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


def set_figure_formats(*formats: str, **options) -> None:
    """`options` are those of Figure.savefig()."""
    unknown = [name for name in formats if name not in _TYPES]
    if unknown:
        raise ValueError(f"figures have the formats {', '.join(_TYPES)}, not {', '.join(unknown)}")
    os.environ["STEPPE_FIGURE_FORMAT"] = ",".join(formats)
    quality = options.pop("quality", None)
    if quality is not None:
        options["pil_kwargs"] = {"quality": quality}
    _save_options.clear()
    _save_options.update(options)


def figure_bundle(figure) -> tuple[dict, dict]:
    """In each of the formats that are set, and the size of a picture that is twice as sharp."""
    bundle, metadata = {"text/plain": repr(figure)}, {}
    if _is_empty(figure):
        return bundle, metadata
    names = os.environ.get("STEPPE_FIGURE_FORMAT", "").lower().replace(" ", "").split(",")
    for name in [name for name in names if name in _TYPES] or ["png"]:
        data = _drawn(figure, name)
        mime = _TYPES[name]
        bundle[mime] = data.decode() if name == "svg" else base64.b64encode(data).decode("ascii")
        if name in _TWICE_AS_SHARP:
            width, height = struct.unpack(">II", data[16:24])
            metadata[mime] = {"width": width // 2, "height": height // 2}
    return bundle, metadata


def _drawn(figure, name: str) -> bytes:
    drawn = io.BytesIO()
    is_sharp = name in _TWICE_AS_SHARP
    # Only JPEG has a quality.
    known = {key: value for key, value in _save_options.items() if key != "pil_kwargs"}
    options = _save_options if name in ("jpeg", "jpg") else known
    figure.savefig(
        drawn,
        **{
            "format": "png" if is_sharp else name,
            "bbox_inches": "tight",
            "dpi": figure.dpi * (2 if is_sharp else 1),
            "facecolor": figure.get_facecolor(),
            **options,
        },
    )
    return drawn.getvalue()


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
