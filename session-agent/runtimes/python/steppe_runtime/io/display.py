"""display() and the value of a step's last expression: one `display` frame each."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..execution.attribution import Attribution
from ..execution.error_report import print_error
from .frames import FrameConnection, FrameTooLarge, encode_json
from .mime import (
    is_bundle,
    json_value,
    mime_data,
    mime_items,
    plain_text,
    representations,
    special_method,
)
from .output_order import OutputOrder
from .text_limits import cut_text


class Displays:
    """
    `send_background(stream, text)` receives the text of what threads and tasks of earlier steps
    display.
    """

    def __init__(
        self,
        connection: FrameConnection,
        order: OutputOrder,
        attribution: Attribution,
        send_background: Callable[[str, str], None],
    ):
        self._connection = connection
        self._order = order
        self._attribution = attribution
        self._send_background = send_background
        self._shows_main_result = False
        # Takes what is shown, while capture_output() does: `add(bundle, metadata)` and `clear()`.
        self.captured = None

    def display(
        self,
        *objects,
        include=None,
        exclude=None,
        metadata=None,
        raw=False,
        display_id=None,
        update=False,
        clear=False,
        transient=None,
        **_jupyter,
    ):
        """
        Shows objects in the results of the step. With raw=True they are MIME bundles; keys without
        a `/` are ignored. `display_id` (True for a new one) names what is shown and makes the call
        return a handle that updates it. `clear` removes what was shown before.
        """
        about = _about(display_id or (transient or {}).get("display_id"), update)
        if clear:
            self.clear_output(wait=True)
        if about and not objects:
            # A place for later updates.
            self.publish(about, metadata or {})
        for value in objects:
            if raw and is_bundle(value):
                bundle = {mime: mime_data(mime, data) for mime, data in mime_items(value)}
                self.publish({**bundle, **about}, metadata or {})
            else:
                self._show(value, include, exclude, metadata or {}, about)
        return DisplayHandle(self, about["display_id"]) if display_id and not update else None

    def clear_output(self, wait: bool = False) -> None:
        """Removes what the step has shown; with `wait`, once it shows or prints something else."""
        if self.captured is not None and not self._attribution.is_background():
            self.captured.clear()
            return
        with self._order.lock, self._connection.lock:
            step = self._attribution.running
            if step is None or self._attribution.is_background() or self._attribution.is_forked:
                return
            frame = {"type": "clear_output", "step_id": step.step_id, "wait": bool(wait)}
            self._connection.send(frame)
            self._order.showed(is_last=False)

    def show_main_result(self, value) -> None:
        self._shows_main_result = True
        try:
            self._show(value)
        finally:
            self._shows_main_result = False

    def publish(self, bundle: dict, metadata: dict) -> None:
        is_main_result, self._shows_main_result = self._shows_main_result, False
        is_cut = False
        if "text/plain" in bundle:
            bundle["text/plain"], is_cut = cut_text(bundle["text/plain"])
        if self.captured is not None and not self._attribution.is_background():
            self.captured.add(bundle, metadata)
            return
        if metadata:
            bundle["metadata"] = json_value(metadata)
        try:
            self._send(bundle, is_main_result, is_cut)
        except FrameTooLarge:
            self._send({"text/plain": _text_with_reason(bundle)}, is_main_result, True)

    def _show(self, value, include=None, exclude=None, extra_metadata=None, about=None) -> None:
        show_itself = special_method(value, "_ipython_display_")
        if show_itself is not None:
            try:
                show_itself()
                return
            except NotImplementedError:
                pass
            except Exception as error:
                print_error(error)
                self.publish({"text/plain": plain_text(value, print_error)}, {})
                return
        bundle, metadata = representations(value, print_error)
        wanted = {mime: data for mime, data in bundle.items() if _is_wanted(mime, include, exclude)}
        self.publish({**wanted, **(about or {})}, {**metadata, **(extra_metadata or {})})

    def _send(self, bundle: dict, is_main_result: bool, truncated: bool) -> None:
        if self._attribution.is_forked:
            print(_text_of(bundle))
            return
        text = encode_json(bundle)
        # While the locks are held, no step can end between the check and the frame.
        with self._order.lock, self._connection.lock:
            step = self._attribution.running
            if step is None or self._attribution.is_background():
                self._send_background("stdout", _text_of(bundle) + "\n")
                return
            frame = {"type": "display", "step_id": step.step_id}
            frame.update(is_main_result=is_main_result, truncated=truncated)
            # `done` follows the main result.
            self._connection.send(frame, text, with_next=is_main_result)
            self._order.showed(is_last=is_main_result)


class DisplayHandle:
    """Updates what display() has shown under an id."""

    def __init__(self, displays: Displays, display_id: str):
        self._displays = displays
        self.display_id = display_id

    def display(self, value, **options) -> None:
        self._displays.display(value, display_id=self.display_id, **options)

    def update(self, value, **options) -> None:
        self._displays.display(value, display_id=self.display_id, update=True, **options)


def _about(display_id, is_update: bool) -> dict:
    """Keys of a bundle that have no `/`: the id of what is shown, and whether it is an update."""
    if not display_id:
        if is_update:
            raise TypeError("display_id required for update=True")
        return {}
    # A counter would start again after a restart.
    about = {"display_id": os.urandom(16).hex() if display_id is True else str(display_id)}
    return {**about, "is_update": True} if is_update else about


def _text_of(bundle: dict) -> str:
    """For where only text can be shown."""
    return bundle.get("text/plain") or f"<{', '.join(key for key in bundle if '/' in key)}>"


def _text_with_reason(bundle: dict) -> str:
    """The text of a bundle that is too large for a frame, and what is missing."""
    omitted = ", ".join(key for key in bundle if key != "text/plain")[:4096]
    reason = f"[{omitted} omitted: the bundle is larger than 8 MiB]"
    text = bundle.get("text/plain")
    return f"{text}\n{reason}" if text else reason


def _is_wanted(mime: str, include, exclude) -> bool:
    return mime == "text/plain" or (
        (not include or mime in include) and not (exclude and mime in exclude)
    )
