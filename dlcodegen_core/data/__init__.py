"""Prompt-completion pairs: reading, checking, keeping and splitting them."""
