"""Classes for text of `IPython.display` in a worker without IPython."""

from __future__ import annotations

import html
import json
import os
import urllib.request

_ADD_SHEET = (
    "document.head.append(Object.assign(document.createElement('link'),"
    " { rel: 'stylesheet', href: %s }));"
)
_LOAD_SCRIPTS = """\
[%s].reduce((before, src) => before.then(() => new Promise((done, fail) => {
  const script = document.createElement('script');
  document.head.append(Object.assign(script, { src, async: false, onload: done, onerror: fail }));
})), Promise.resolve())"""


class DisplayObject:
    """Data that is given directly, or read from a file or URL."""

    _is_binary = False

    def __init__(self, data=None, url=None, filename=None, metadata=None):
        if isinstance(data, (str, os.PathLike)) and self._names_a_file(data):
            filename, data = data, None
        if url is None and isinstance(data, str) and data.startswith(("http://", "https://")):
            url, data = data, None
        self.data, self.url, self.filename, self.metadata = data, url, filename, metadata or {}
        if data is None and (filename is not None or url is not None):
            self.data = self._read()

    def _names_a_file(self, data) -> bool:
        return isinstance(data, os.PathLike)

    def _read(self):
        if self.filename is not None:
            with open(self.filename, "rb") as file:
                content = file.read()
        else:
            with urllib.request.urlopen(self.url, timeout=30) as result:
                content = result.read()
        return content if self._is_binary else content.decode("utf-8", "replace")

    def _shown(self):
        return (self.data, self.metadata) if self.metadata else self.data

    def __repr__(self):
        return f"<IPython.core.display.{type(self).__name__} object>"


class TextDisplayObject(DisplayObject):
    def __init__(self, data=None, url=None, filename=None, metadata=None):
        super().__init__(data, url, filename, metadata)
        if self.data is not None and not isinstance(self.data, str):
            raise TypeError(f"{type(self).__name__} expects text, not {self.data!r}")


class HTML(TextDisplayObject):
    def _repr_html_(self):
        return self._shown()

    def __html__(self):
        return self.data


class Markdown(TextDisplayObject):
    def _repr_markdown_(self):
        return self._shown()


class Latex(TextDisplayObject):
    def _repr_latex_(self):
        return self._shown()


class Math(Latex):
    def _repr_latex_(self):
        return f"$\\displaystyle {self.data.strip('$')}$"


class SVG(DisplayObject):
    def _names_a_file(self, data) -> bool:
        return isinstance(data, os.PathLike) or (
            not data.lstrip().startswith("<") and os.path.exists(data)
        )

    def _repr_svg_(self):
        return self._shown()


class Javascript(TextDisplayObject):
    """`lib` and `css` are URLs, or lists of URLs, that are loaded before the code runs."""

    def __init__(self, data=None, url=None, filename=None, lib=None, css=None):
        self.lib, self.css = _urls(lib), _urls(css)
        super().__init__(data, url, filename)

    def _repr_javascript_(self):
        sheets = "".join(f"{_ADD_SHEET % json.dumps(url)}\n" for url in self.css)
        if not self.lib:
            return f"{sheets}{self.data}"
        loads = ", ".join(json.dumps(url) for url in self.lib)
        return f"{sheets}{_LOAD_SCRIPTS % loads}.then(() => {{\n{self.data}\n}});"


class Pretty(TextDisplayObject):
    def __repr__(self):
        return str(self.data)


class JSON(DisplayObject):
    def __init__(
        self, data=None, url=None, filename=None, expanded=False, metadata=None, **options
    ):
        super().__init__(data, url, filename, {"expanded": expanded, **options, **(metadata or {})})
        if isinstance(self.data, str):
            self.data = json.loads(self.data)
        elif self.data is not None and not isinstance(self.data, (dict, list)):
            raise TypeError(
                f"{type(self).__name__} expects JSONable dict or list, not {self.data!r}"
            )

    def _repr_json_(self):
        return self._shown()


class GeoJSON(JSON):
    def _repr_json_(self):
        """It is shown as a map alone."""

    def _repr_mimebundle_(self, include=None, exclude=None):
        mime = "application/geo+json"
        return {mime: self.data, "text/plain": "<IPython.display.GeoJSON object>"}, {
            mime: self.metadata
        }


class Code(TextDisplayObject):
    def __init__(self, data=None, url=None, filename=None, language=None):
        super().__init__(data, url, filename)
        self.language = language

    def _repr_html_(self):
        return f"<pre><code>{html.escape(self.data)}</code></pre>"

    def __repr__(self):
        return self.data


def _urls(given) -> list[str]:
    urls = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(urls, (list, tuple)):
        raise TypeError(f"expected sequence, got: {given!r}")
    return list(urls)
