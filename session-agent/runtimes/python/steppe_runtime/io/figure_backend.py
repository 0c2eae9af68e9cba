"""The backend that matplotlib loads by name in a worker: Agg, with figures shown as results."""

from __future__ import annotations

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from . import figures


class FigureManager(FigureManagerBase):
    def show(self) -> None:
        figures.shown_by.show_early(self.canvas.figure)


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


def new_figure_manager(num, *args, FigureClass=Figure, **kwargs):
    return new_figure_manager_given_figure(num, FigureClass(*args, **kwargs))


def new_figure_manager_given_figure(num, figure):
    return FigureManager(FigureCanvas(figure), num)


def show(*_args, **_kwargs) -> None:
    figures.shown_by.show_open()
