"""Numbers, bytes and seconds as people read them."""

from __future__ import annotations


def number(value: float) -> str:
    """Return a number with three digits that count: 0.0123, 1.23, 12,300."""
    if value == 0 or abs(value) >= 100:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{float(f'{value:.3g}'):g}"


def size(count: float) -> str:
    """Return bytes as people read them, a thousand to the next unit: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 999.5:
            return f"{number(count)} {unit}"
        count /= 1000
    return f"{number(count)} PB"


def duration(seconds: float) -> str:
    """Return seconds as people read them: 12 ms, 1.5 s, 3 min, 2 h, 4 days."""
    if seconds < 1:
        return f"{number(seconds * 1000)} ms"
    for unit, most in (("s", 120), ("min", 120), ("h", 48)):
        if seconds < most:
            return f"{number(seconds)} {unit}"
        seconds /= 60 if unit != "h" else 24
    return f"{number(seconds)} days"
