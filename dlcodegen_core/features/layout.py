"""The 544 columns of the feature vector: which group owns which. No other file says 384, 100, 50, 10 or 544."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """A run of neighbouring columns that come from one kind of analysis."""

    name: str
    title: str
    start: int
    size: int

    @property
    def columns(self) -> slice:
        return slice(self.start, self.start + self.size)


EMBEDDING = Group("embedding", "Embedding", 0, 384)
KEYWORDS = Group("keywords", "Keywords (TF-IDF)", 384, 100)
AST = Group("ast", "Syntax tree", 484, 50)
SYNTAX = Group("syntax", "Syntax statistics", 534, 10)

GROUPS = (EMBEDDING, KEYWORDS, AST, SYNTAX)
DIMENSIONS = sum(group.size for group in GROUPS)
