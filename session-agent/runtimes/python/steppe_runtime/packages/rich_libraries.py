"""What libraries are told of the place they run in, when they are imported: no browser, no shell, but results."""

from __future__ import annotations

import os
import types

from ..ipython import shim as ipython_shim
from .import_hooks import when_imported


def follow_rich_libraries() -> None:
    when_imported("plotly.io._renderers", _keep_plotly_from_browsers)
    when_imported("plotly.basedatatypes", _describe_figures_of_plotly)
    when_imported("altair", _offer_both_forms_of_charts)
    when_imported("sympy.interactive.printing", _let_sympy_see_no_shell)
    when_imported("PIL.ImageShow", _show_pictures_as_results)
    when_imported("tqdm.notebook", _draw_bars_as_text)


def _keep_plotly_from_browsers(module) -> None:
    # It imports nbformat, which notebooks have, and uses nothing of it.
    if getattr(module, "nbformat", None) is None:
        module.nbformat = types.SimpleNamespace(__version__="5.0.0")
    if not os.environ.get("PLOTLY_RENDERER"):
        module.renderers.default = "plotly_mimetype"


def _describe_figures_of_plotly(module) -> None:
    # Its MIME bundle is shown with text beside; what it would show itself has none.
    if hasattr(module.BaseFigure, "_repr_mimebundle_"):
        module.BaseFigure._ipython_display_ = None


def _offer_both_forms_of_charts(altair) -> None:
    """HTML for those who have a browser, the specification for those who have a renderer."""
    renderers = altair.renderers
    as_html = renderers.get()
    renderers.enable("mimetype")
    as_specification = renderers.get()

    def render(spec, **metadata):
        both: tuple[dict, dict] = ({}, {})
        for rendered in (as_html(spec, **metadata), as_specification(spec, **metadata)):
            for whole, part in zip(both, rendered if isinstance(rendered, tuple) else (rendered,)):
                whole.update(part)
        # Advice for those who see nothing but text; the chart's own is better.
        both[0].pop("text/plain", None)
        return both

    renderers.register("steppe", render)
    renderers.enable("steppe")


def _let_sympy_see_no_shell(module) -> None:
    # Its init_printing() would set up formatters that only IPython's own shell has.
    module.get_ipython = lambda: None


def _show_pictures_as_results(module) -> None:
    # The viewers that it finds would open a window, or complain of none.
    class Results(module.Viewer):
        def show(self, image, **_options):
            ipython_shim.displays.display(image)
            return True

    module._viewers[:] = [Results()]


def _draw_bars_as_text(module) -> None:
    # Without ipywidgets its own would fail.
    if module.IProgress is None:
        from tqdm import std

        module.tqdm = module.tqdm_notebook = std.tqdm
        module.trange = module.tnrange = std.trange
