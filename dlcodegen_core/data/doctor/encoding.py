"""Text that was read in a wrong encoding: `cafÃ©` for `café`, `donâ€™t` for `don’t`, � for what was lost.

Such text is told by sequences that no language writes. A single odd letter proves nothing: `Ã` is a letter of
Portuguese, `Ð` of Icelandic. Nothing is repaired here.
"""

import re

# The bytes 80 to BF, which follow in UTF-8, as Windows-1252 or Latin-1 shows them.
_FOLLOWING = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
# The same bytes as Windows-1251 shows them; without `ё` and `№`, which Russian writes.
_FOLLOWING_CYRILLIC = "\u00a0-\u00bfЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЁЄЇІіґєјЅѕї"
_BROKEN = re.compile(
    # after a capital letter a sign may follow that ends a word or a quotation: «IRMû
    rf"(?<![A-ZÀ-Þ])[ÂÃ][{_FOLLOWING}]"
    rf"|[ÂÃ][\u0080-\u009f\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00bf€ƒ†‡ˆ‰ŠŒŽ˜™šœžŸ]"
    rf"|â[€„†ˆ‰Šœžš‚ƒ”•–—][{_FOLLOWING}]"
    rf"|ð[Ÿ\u009f][{_FOLLOWING}]"  # emoji
    r"|ï»¿|ï¿½"  # byte order mark, replacement character
    rf"|(?:[ÄÅÎÏÐÑØÙ×][{_FOLLOWING}]){{3}}"
    rf"|(?:[ã-é][{_FOLLOWING}]{{2}}){{2}}"
    rf"|(?:[РС][{_FOLLOWING_CYRILLIC}]){{3}}"
)
_CONTROLS = re.compile(r"[\u0080-\u0084\u0086-\u009f]")  # U+0085 is a line end somewhere


def wrong_encoding(text: str) -> str:
    """What in the text shows that it was read in a wrong encoding, in a few words; empty if nothing does."""
    if text.isascii():
        return ""
    if "\ufffd" in text:
        return "� stands where a character was lost"
    if match := _BROKEN.search(text):
        return f"{match[0]} stands where one character was"
    if match := _CONTROLS.search(text):
        return f"the invisible character U+{ord(match[0]):04X} stands where a letter or quote was"
    return ""
