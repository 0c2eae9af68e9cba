"""
Starts the supervisor of the Python runtime: `python3 supervisor.py`, configured by STEPPE_*
variables.
"""

import gc
import os
import sys

_EXIT_INVALID_SETTINGS = 78


def main():
    # Older Pythons must be able to parse this file, so that they reach this check.
    if sys.version_info < (3, 9):  # noqa: UP036
        found = ".".join(str(part) for part in sys.version_info[:3])
        sentence = "needs Python 3.9 or later, and " + sys.executable + " is " + found
        sys.stderr.write("steppe python supervisor: " + sentence + "\n")
        return _EXIT_INVALID_SETTINGS
    here = os.path.dirname(os.path.abspath(__file__))
    # Objects that imports create are not garbage.
    gc.disable()
    # Isolated and safe-path interpreters do not search the script's folder.
    if here not in sys.path:
        sys.path.insert(0, here)
    from steppe_runtime.supervisor.supervise import supervise

    return supervise(os.environ)


if __name__ == "__main__":
    sys.exit(main())
