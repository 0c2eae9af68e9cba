"""Cuts text by its size in UTF-8."""

from __future__ import annotations

MAX_TEXT_BYTES = 256 * 1024


def cut_text(text: str, limit: int = MAX_TEXT_BYTES) -> tuple[str, bool]:
    """Returns the text, and whether it was cut."""
    if len(text) * 4 <= limit:
        return text, False
    encoded = text[:limit].encode("utf-8", "surrogatepass")
    if len(encoded) <= limit and len(text) <= limit:
        return text, False
    # The bytes that `ignore` drops at the cut begin no valid character.
    return encoded[:limit].decode("utf-8", "ignore"), True


def cut_lines(lines: list[str], limit: int = MAX_TEXT_BYTES) -> list[str]:
    """Keeps the first and the last lines, where a traceback says most."""
    total = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
    if total <= limit:
        return lines
    head = _lines_within(lines, limit // 2)
    tail = _lines_within(lines[:-1][::-1], limit // 4)[::-1]
    last, _ = cut_text(lines[-1], limit // 4)
    return [*head[: max(0, len(lines) - len(tail) - 1)], "  [… lines left out …]", *tail, last]


def _lines_within(lines: list[str], limit: int) -> list[str]:
    kept = []
    for line in lines:
        limit -= len(line.encode("utf-8", "replace")) + 1
        if limit < 0:
            break
        kept.append(line)
    return kept
