"""Links to files, and a bar of progress, of `IPython.display` in a worker without IPython."""

from __future__ import annotations

import html
import os

from steppe_runtime.ipython import shim


class FileLink:
    def __init__(self, path, url_prefix="", result_html_prefix="", result_html_suffix="<br>"):
        self._refuse(path)
        self.path = os.fsdecode(path)
        self.url_prefix = url_prefix
        self.result_html_prefix = result_html_prefix
        self.result_html_suffix = result_html_suffix

    def _refuse(self, path) -> None:
        if os.path.isdir(path):
            raise ValueError(
                f"Cannot display a directory using FileLink. Use FileLinks to display '{path}'."
            )

    def _link(self, path: str) -> str:
        shown = html.escape(path)
        link = f"<a href='{self.url_prefix}{shown}' target='_blank'>{shown}</a>"
        return f"{self.result_html_prefix}{link}{self.result_html_suffix}"

    def _repr_html_(self) -> str:
        if not os.path.exists(self.path):
            return f"Path (<tt>{html.escape(self.path)}</tt>) doesn't exist."
        return self._link(self.path)

    def __repr__(self) -> str:
        return os.path.abspath(self.path)


class FileLinks(FileLink):
    """Links to all files of a directory."""

    def __init__(
        self, path, url_prefix="", included_suffixes=None, *positional, recursive=True, **options
    ):
        super().__init__(path, url_prefix, *positional, **options)
        self.included_suffixes = included_suffixes
        self.recursive = recursive

    def _refuse(self, path) -> None:
        if os.path.isfile(path):
            raise ValueError(
                f"Cannot display a file using FileLinks. Use FileLink to display '{path}'."
            )

    def _files(self) -> list[str]:
        found = []
        for folder, folders, names in os.walk(self.path):
            folders.sort()
            if not self.recursive:
                folders.clear()
            found += [
                os.path.join(folder, name)
                for name in sorted(names)
                if self.included_suffixes is None or name.endswith(tuple(self.included_suffixes))
            ]
        return found

    def _repr_html_(self) -> str:
        return "\n".join(map(self._link, self._files()))

    def __repr__(self) -> str:
        return "\n".join(self._files())


class ProgressBar:
    """Iterating shows it, and updates it with each number."""

    def __init__(self, total: int):
        self.total = total
        self.html_width = "60ex"
        self.text_width = 60
        self._progress = 0
        self._display_id = os.urandom(8).hex()

    @property
    def progress(self) -> int:
        return self._progress

    @progress.setter
    def progress(self, value: int) -> None:
        self._progress = value
        self.update()

    def display(self) -> None:
        shim.displays.display(self, display_id=self._display_id)

    def update(self) -> None:
        shim.displays.display(self, display_id=self._display_id, update=True)

    def _repr_html_(self) -> str:
        return (
            f"<progress style='width:{self.html_width}' max='{self.total}'"
            f" value='{self.progress}'></progress>"
        )

    def __repr__(self) -> str:
        filled = int(self.progress / self.total * self.text_width) if self.total else 0
        bar = f"{'=' * filled:{self.text_width}}"
        return f"[{bar}] {self.progress}/{self.total}"

    def __iter__(self):
        self.display()
        # The first number is 0.
        self._progress = -1
        return self

    def __next__(self) -> int:
        self.progress += 1
        if self.progress < self.total:
            return self.progress
        raise StopIteration
