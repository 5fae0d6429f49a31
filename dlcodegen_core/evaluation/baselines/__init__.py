"""Simple systems that complete lines: what a trained model must beat to be worth its training."""

from dlcodegen_core.evaluation.baselines.line_system import LineGuess, LineSystem

__all__ = ["LineGuess", "LineSystem"]
