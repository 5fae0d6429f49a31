"""The models that were made: which there are, and which one answers."""
