"""Where a text breaks off, as a key that equal places share, and how far two texts agree before the cursor.

A place is the last two lines that show something, the unfinished one included. Finished lines count without the blanks
at their ends, and blank lines between them do not count. Knows nothing of lessons.
"""

from collections.abc import Iterator

LEAST_VISIBLE = 12  # characters that a place must show to be more than a commonplace


def place_of(text: str) -> str:
    """The place at the end of `text`."""
    return next(places_along(text, 0))[1]


def places_along(text: str, most: int) -> Iterator[tuple[int, str]]:
    """The place at the end of `text`, and those that it had when fewer characters were typed: (how many fewer, place).

    At most `most` characters are taken back, and never all of the text.
    """
    end = len(text)
    least = max(1, end - most)
    while end >= least:
        start = text.rfind("\n", 0, end) + 1
        above = _lines_above(text, start)
        two = "".join(f"{line}\n" for line in above)
        one = f"{above[-1]}\n" if above else ""
        begun = text[start:end]
        first = start + len(begun) - len(begun.lstrip())  # the unfinished line shows something behind this
        for cut in range(end, max(start, least) - 1, -1):
            yield len(text) - cut, (one if cut > first else two) + text[start:cut]
        end = start - 1


def visible_characters(place: str) -> int:
    """How many characters of a place are not blank."""
    return sum(map(len, place.split()))


def common_beginning(one: str, other: str) -> int:
    """How many characters two texts begin with alike; of texts written backwards, how many they end with."""
    low, high = 0, min(len(one), len(other))
    step = 64
    while low < high:
        # ever longer steps from where they agreed last, then halves: most texts part early
        middle = min(low + step, high)
        if one[low:middle] == other[low:middle]:
            low, step = middle, step * 2
        elif middle - low == 1:
            break
        else:
            high, step = middle - 1, max(1, (middle - low) // 2)
    return low


def _lines_above(text: str, start: int) -> list[str]:
    """The last two lines above `start` that show something, without the blanks at their ends."""
    found: list[str] = []
    end = start - 1
    while end > 0 and len(found) < 2:
        begin = text.rfind("\n", 0, end) + 1
        if line := text[begin:end].rstrip():
            found.append(line)
        end = begin - 1
    return found[::-1]
