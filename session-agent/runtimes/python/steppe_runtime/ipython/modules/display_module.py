"""The module `IPython.display` of a worker without IPython: the parts that notebooks use most."""

from __future__ import annotations

from steppe_runtime.io.display import DisplayHandle  # noqa: F401  (IPython's is imported from here too)
from steppe_runtime.io.figures import set_figure_formats as set_matplotlib_formats  # noqa: F401
from steppe_runtime.ipython import shim
from steppe_runtime.ipython.modules.links import FileLink, FileLinks, ProgressBar  # noqa: F401
from steppe_runtime.ipython.modules.media import (  # noqa: F401
    Audio,
    IFrame,
    Image,
    Video,
    VimeoVideo,
    YouTubeVideo,
)
from steppe_runtime.ipython.modules.objects import (  # noqa: F401
    HTML,
    JSON,
    SVG,
    Code,
    DisplayObject,
    GeoJSON,
    Javascript,
    Latex,
    Markdown,
    Math,
    Pretty,
    TextDisplayObject,
)
from steppe_runtime.ipython.shim import clear_output, publish_display_data, update_display  # noqa: F401

display = shim.displays.display


def _display_as(name: str, mime: str):
    def display_one_way(*objects, raw=False, metadata=None):
        shown = [{mime: value} for value in objects] if raw else objects
        about = {mime: metadata} if metadata else None
        display(*shown, raw=raw, include=[mime], metadata=about)

    display_one_way.__name__ = display_one_way.__qualname__ = name
    display_one_way.__doc__ = (
        f"Shows objects as {mime} only. With raw=True they are {mime} data already."
    )
    return display_one_way


display_pretty = _display_as("display_pretty", "text/plain")
display_html = _display_as("display_html", "text/html")
display_markdown = _display_as("display_markdown", "text/markdown")
display_svg = _display_as("display_svg", "image/svg+xml")
display_png = _display_as("display_png", "image/png")
display_jpeg = _display_as("display_jpeg", "image/jpeg")
display_latex = _display_as("display_latex", "text/latex")
display_json = _display_as("display_json", "application/json")
display_javascript = _display_as("display_javascript", "application/javascript")
display_pdf = _display_as("display_pdf", "application/pdf")
