"""Text in, 544 named floats out."""
