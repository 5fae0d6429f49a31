"""Text of a person or a file made harmless inside Markdown: shown as it is, on one line, never as markup."""

SPECIAL = frozenset("\\`*_{}[]()<>#+-.!|$~:&^=@'\"")


def plain(text: object) -> str:
    """Every sign that Markdown, or the pages' own shorthands, could read as markup stands behind a backslash."""
    one_line = " ".join(str(text).split())
    return "".join(f"\\{character}" if character in SPECIAL else character for character in one_line)


def table(rows: "dict[str, str]", heads: tuple[str, str]) -> str:
    """A table of two columns; both are shown as they are."""
    lines = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    lines += [f"| {plain(name)} | {plain(value)} |" for name, value in rows.items()]
    return "\n".join(lines)
