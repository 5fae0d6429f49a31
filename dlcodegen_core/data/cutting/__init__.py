"""Pairs of prompt and target from whole source files, cut where the syntax tree says that something begins and ends.

options     what is wanted
constructs  the names of statements, blocks, functions and literals in nine grammars
outline     one file: its lines, and where such things stand in it
places      outline -> the places where a target may stand, by kind
shares      how many pairs each file and each kind may give, and which ones
cutter      files -> pairs
"""

from dlcodegen_core.data.cutting.cutter import cut_pairs
from dlcodegen_core.data.cutting.options import CutOptions

__all__ = ["CutOptions", "cut_pairs"]
