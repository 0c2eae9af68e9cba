"""`capture_output()` of `IPython.utils.capture`: keeps what code prints and displays."""

from __future__ import annotations

import io
import sys

from .. import shim


class RichOutput:
    """What display() would have shown."""

    def __init__(self, data=None, metadata=None, transient=None, update=False):
        self.data = data or {}
        self.metadata = metadata or {}
        self.transient = transient or {}
        self.update = update

    def display(self) -> None:
        shim.publish_display_data(
            self.data, self.metadata, transient=self.transient, update=self.update
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.data, self.metadata

    def __repr__(self) -> str:
        return self.data.get("text/plain", object.__repr__(self))


class CapturedIO:
    """`stdout` and `stderr` are texts, `outputs` is a list of RichOutput."""

    def __init__(self, stdout, stderr, outputs=None):
        self._stdout = stdout
        self._stderr = stderr
        self.outputs = [] if outputs is None else outputs

    @property
    def stdout(self) -> str:
        return self._stdout.getvalue() if self._stdout else ""

    @property
    def stderr(self) -> str:
        return self._stderr.getvalue() if self._stderr else ""

    def show(self) -> None:
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        for output in self.outputs:
            output.display()

    __call__ = show

    def __str__(self) -> str:
        return self.stdout


class capture_output:
    def __init__(self, stdout=True, stderr=True, display=True):
        self.stdout = stdout
        self.stderr = stderr
        self.display = display
        self._before = ()

    def __enter__(self) -> CapturedIO:
        self._before = (sys.stdout, sys.stderr, shim.displays.captured)
        stdout = stderr = None
        outputs: list = []
        if self.stdout:
            sys.stdout = stdout = io.StringIO()
        if self.stderr:
            sys.stderr = stderr = io.StringIO()
        if self.display:
            shim.displays.captured = _Outputs(outputs)
        return CapturedIO(stdout, stderr, outputs)

    def __exit__(self, *_) -> None:
        sys.stdout, sys.stderr, shim.displays.captured = self._before


class _Outputs:
    """Takes the place of the connection to the agent."""

    def __init__(self, outputs: list):
        self._outputs = outputs

    def add(self, bundle: dict, metadata: dict) -> None:
        about = {"display_id": bundle["display_id"]} if "display_id" in bundle else None
        data = {mime: value for mime, value in bundle.items() if "/" in mime}
        self._outputs.append(RichOutput(data, metadata, about, bundle.get("is_update", False)))

    def clear(self) -> None:
        self._outputs.clear()
