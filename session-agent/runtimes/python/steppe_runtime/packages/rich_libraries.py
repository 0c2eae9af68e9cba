"""Adapts libraries to a worker when they are imported: no browser and no shell, but results."""

from __future__ import annotations

import os
import types

from ..ipython import shim as ipython_shim
from .module_hooks import when_imported


def follow_rich_libraries() -> None:
    when_imported("plotly.io._renderers", _show_plotly_without_browser)
    when_imported("plotly.basedatatypes", _describe_figures_of_plotly)
    when_imported("altair", _show_charts_in_both_forms)
    when_imported("sympy.interactive.printing", _hide_shell_from_sympy)
    when_imported("PIL.ImageShow", _show_pictures_as_results)
    when_imported("tqdm.notebook", _draw_bars_as_text)


def _show_plotly_without_browser(module) -> None:
    # plotly imports nbformat, which notebooks have, but does not use it.
    if getattr(module, "nbformat", None) is None:
        module.nbformat = types.SimpleNamespace(__version__="5.0.0")
    if not os.environ.get("PLOTLY_RENDERER"):
        module.renderers.default = "plotly_mimetype"


def _describe_figures_of_plotly(module) -> None:
    # Its MIME bundle is shown together with its text; `_ipython_display_` would show no text.
    if hasattr(module.BaseFigure, "_repr_mimebundle_"):
        module.BaseFigure._ipython_display_ = None


def _show_charts_in_both_forms(altair) -> None:
    """HTML for clients with a browser, the specification for clients with a renderer."""
    renderers = altair.renderers
    as_html = renderers.get()
    renderers.enable("mimetype")
    as_specification = renderers.get()

    def render(spec, **metadata):
        both: tuple[dict, dict] = ({}, {})
        for rendered in (as_html(spec, **metadata), as_specification(spec, **metadata)):
            for whole, part in zip(both, rendered if isinstance(rendered, tuple) else (rendered,)):
                whole.update(part)
        # Its text is advice for clients that show only text; the chart's own text is better.
        both[0].pop("text/plain", None)
        return both

    renderers.register("steppe", render)
    renderers.enable("steppe")


def _hide_shell_from_sympy(module) -> None:
    # Its init_printing() would set up formatters that only IPython's own shell has.
    module.get_ipython = lambda: None


def _show_pictures_as_results(module) -> None:
    # The viewers that it finds would open a window, or report that there is none.
    class Results(module.Viewer):
        def show(self, image, **_options):
            ipython_shim.displays.display(image)
            return True

    module._viewers[:] = [Results()]


def _draw_bars_as_text(module) -> None:
    # Without ipywidgets its own bar would fail.
    if module.IProgress is None:
        from tqdm import std

        module.tqdm = module.tqdm_notebook = std.tqdm
        module.trange = module.tnrange = std.trange
