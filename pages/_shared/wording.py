"""Numbers and times as people read them."""

from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """`8 s`, `1 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def milliseconds(value: float) -> str:
    """`0.03 ms`, `4.2 ms`, `130 ms`."""
    return f"{value:.3f} ms" if value < 0.1 else f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms"


def size(size_bytes: float) -> str:
    """`512 B`, `1.8 MB`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes:.0f} B"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """`just now`, `5 min ago`, `3 days ago`."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for unit, length in (("day", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def ago_of(moment: str) -> str:
    """`ago` of a moment as it is written down; as it stands if it is none."""
    try:
        return ago(datetime.fromisoformat(moment).astimezone(UTC))
    except ValueError:
        return moment


def share(value: float | None) -> str:
    """`0.87`, or a dash where there is nothing to tell."""
    return "–" if value is None else f"{value:.2f}"


def in_the_trash(count: int) -> str:
    """`1 pair lies in the trash now`, `1,234 pairs lie in the trash now`."""
    return "1 pair lies in the trash now" if count == 1 else f"{count:,} pairs lie in the trash now"
