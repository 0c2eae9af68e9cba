"""
Images, sounds, videos and frames of `IPython.display` in a worker without IPython. Data from a URL
is shown by its URL, and fetched only if `embed` is set.
"""

from __future__ import annotations

import array
import base64
import html
import io
import mimetypes
import os
import urllib.parse
import wave

from steppe_runtime.ipython.modules.objects import DisplayObject


class _Media(DisplayObject):
    _is_binary = True

    def __init__(self, data, url, filename, embed, metadata=None):
        self._embeds = embed
        super().__init__(data, url, filename, metadata)

    def _names_a_file(self, data) -> bool:
        return not str(data).startswith(("http://", "https://"))

    def _read(self):
        is_elsewhere = self.filename is None and not self._embeds
        return None if is_elsewhere else super()._read()

    def _source(self, mime: str) -> str:
        if self.data is None:
            return html.escape(self.url)
        return f"data:{mime};base64,{base64.b64encode(self.data).decode('ascii')}"


_IMAGE_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


class Image(_Media):
    def __init__(
        self,
        data=None,
        url=None,
        filename=None,
        format=None,
        embed=False,
        width=None,
        height=None,
        **options,
    ):
        if data is None and url is None and filename is None:
            raise ValueError("No image data found. Expecting filename, url, or data.")
        super().__init__(data, url, filename, embed, options.get("metadata"))
        size = {
            name: value
            for name, value in (("width", width), ("height", height))
            if value is not None
        }
        self.metadata = {**size, **self.metadata}
        self.format = (format or self._found_format()).lower()
        if self.data is not None and self.format not in _IMAGE_TYPES:
            raise ValueError(f"Cannot embed the '{self.format}' image format")

    def _repr_mimebundle_(self, include=None, exclude=None):
        if self.data is None:
            return {"text/html": f'<img src="{self._source("")}"{_size(self.metadata)}/>'}, {}
        mime = _IMAGE_TYPES[self.format]
        return {mime: base64.b64encode(self.data).decode("ascii")}, {mime: self.metadata}

    def _found_format(self) -> str:
        for start, name in (
            (b"\x89PNG", "png"),
            (b"\xff\xd8", "jpeg"),
            (b"GIF8", "gif"),
            (b"RIFF", "webp"),
        ):
            if self.data is not None and self.data.startswith(start):
                return name
        _, _, extension = str(self.filename or self.url or "").rpartition(".")
        return extension if self.filename and extension else "png"


class Audio(_Media):
    """
    `data` is the content of a file or, with `rate`, samples: one sequence of numbers, or one per
    channel.
    """

    def __init__(
        self,
        data=None,
        filename=None,
        url=None,
        embed=None,
        rate=None,
        autoplay=False,
        normalize=True,
    ):
        if data is None and url is None and filename is None:
            raise ValueError("No audio data found. Expecting filename, url, or data.")
        if embed is False and url is None:
            raise ValueError("No url found. Expecting url when embed=False")
        if rate is not None and not isinstance(data, (bytes, str)):
            data = _wave_file(data, rate, normalize)
        elif data is not None and not isinstance(data, (bytes, str, os.PathLike)):
            raise ValueError(
                "rate must be specified when data is a numpy array or list of audio samples."
            )
        super().__init__(data, url, filename, embed)
        self.autoplay = autoplay

    def _repr_html_(self):
        mime = mimetypes.guess_type(self.filename or self.url or "")[0] or "audio/wav"
        autoplay = ' autoplay="autoplay"' if self.autoplay else ""
        source = f'<source src="{self._source(mime)}" type="{mime}"/>'
        return f'<audio controls="controls"{autoplay}>{source}</audio>'


class Video(_Media):
    def __init__(
        self,
        data=None,
        url=None,
        filename=None,
        embed=False,
        mimetype=None,
        width=None,
        height=None,
        **options,
    ):
        if isinstance(data, (bytes, bytearray)) and not embed:
            raise ValueError("To embed videos, you must pass embed=True, or Video(url='...')")
        super().__init__(data, url, filename, embed)
        self._mime = (
            mimetype or mimetypes.guess_type(self.filename or self.url or "")[0] or "video/mp4"
        )
        self._attributes = options.get("html_attributes", "controls") + _size(
            {"width": width, "height": height}
        )

    def _repr_html_(self):
        source = f'<source src="{self._source(self._mime)}" type="{self._mime}"/>'
        return f"<video {self._attributes}>{source}</video>"


class IFrame:
    def __init__(self, src, width, height, extras=None, **parameters):
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        self.src, self.width, self.height = f"{src}{query}", width, height

    def _repr_html_(self):
        size = f'width="{self.width}" height="{self.height}"'
        return f'<iframe src="{html.escape(self.src)}" {size}></iframe>'


class YouTubeVideo(IFrame):
    def __init__(self, id, width=400, height=300, **options):
        super().__init__(f"https://www.youtube.com/embed/{id}", width, height, **options)


class VimeoVideo(IFrame):
    def __init__(self, id, width=400, height=300, **options):
        super().__init__(f"https://player.vimeo.com/video/{id}", width, height, **options)


def _size(options) -> str:
    return "".join(
        f' {name}="{options[name]}"'
        for name in ("width", "height")
        if options.get(name) is not None
    )


def _wave_file(samples, rate: int, normalize: bool) -> bytes:
    samples = list(samples)
    channels = (
        [list(channel) for channel in samples]
        if samples and hasattr(samples[0], "__len__")
        else [samples]
    )
    if any(hasattr(sample, "__len__") for channel in channels for sample in channel):
        raise ValueError("Array audio input must be a 1D or 2D array")
    loudest = max((abs(sample) for channel in channels for sample in channel), default=0)
    if not normalize and loudest > 1:
        raise ValueError("Audio data must be between -1 and 1 when normalize=False.")
    scale = 32767 / ((loudest if normalize else 1) or 1)
    frames = array.array("h", (int(sample * scale) for frame in zip(*channels) for sample in frame))
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return written.getvalue()
