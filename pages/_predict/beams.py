"""The alternatives as a tree: what they share stands once, and where they part their probabilities do."""

from dataclasses import dataclass, field

import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.inference.prediction import Candidate
from pages._predict.asked import Asked
from pages._shared import charts


@dataclass
class _Node:
    text: str
    confidence: float = 0.0
    best: bool = False
    children: dict[str, "_Node"] = field(default_factory=dict)


def draw(_service: DLCodeGen, asked: Asked) -> None:
    candidates = asked.answer.candidates
    if not candidates or not any(candidate.tokens for candidate in candidates):
        st.caption("There is nothing to branch: no alternative has a token.")
        return
    root = _tree(candidates)
    labels, parents, values, marked = [], [], [], []
    _flatten(root, "", labels, parents, values, marked)
    charts.tree(labels, parents, values, marked, key="predict.tree")
    st.caption(
        "Read from left to right. The wider a piece, the more of the alternatives' probability goes through it; the "
        "offered completion is darker. Alternatives that were given up early are not shown."
    )


def _tree(candidates: tuple[Candidate, ...]) -> _Node:
    root = _Node("prompt")
    for place, candidate in enumerate(candidates):
        node = root
        node.confidence += candidate.confidence
        for token in candidate.tokens:
            node = node.children.setdefault(token, _Node(token))
            node.confidence += candidate.confidence
            node.best = node.best or place == 0
    return root


def _flatten(
    node: _Node, parent: str, labels: list[str], parents: list[str], values: list[float], marked: list[bool]
) -> None:
    """Chart's lists, a parent named by its number."""
    number = str(len(labels))
    labels.append(node.text)
    parents.append(parent)
    values.append(node.confidence)
    marked.append(node.best)
    for child in sorted(node.children.values(), key=lambda child: -child.confidence):
        _flatten(child, number, labels, parents, values, marked)
