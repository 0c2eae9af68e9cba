"""Starts the Python runtime's supervisor: `python3 supervisor.py`, configured by STEPPE_* variables."""

import gc
import os
import sys

_EXIT_INVALID_SETTINGS = 78


def main():
    # Nothing above these lines is newer than the oldest Python that may read them.
    if sys.version_info < (3, 9):  # noqa: UP036
        found = ".".join(str(part) for part in sys.version_info[:3])
        sentence = "needs Python 3.9 or later, and " + sys.executable + " is " + found
        sys.stderr.write("steppe python supervisor: " + sentence + "\n")
        return _EXIT_INVALID_SETTINGS
    here = os.path.dirname(os.path.abspath(__file__))
    # What an import makes is not garbage.
    gc.disable()
    # Isolated and safe-path interpreters leave the script's folder out.
    if here not in sys.path:
        sys.path.insert(0, here)
    from steppe_runtime.supervisor.supervisor import supervise

    return supervise(os.environ)


if __name__ == "__main__":
    sys.exit(main())
