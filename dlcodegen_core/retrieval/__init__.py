"""The stored pairs whose prompts are most like a prompt, found among their embeddings in ChromaDB.

What lies in Chroma are vectors under the ids of rows, no text, and nothing that could not be made anew.
"""

from dlcodegen_core.retrieval.pair_index import PairIndex
from dlcodegen_core.retrieval.records import IndexState, IndexStatus, Neighbour

__all__ = ["IndexState", "IndexStatus", "Neighbour", "PairIndex"]
