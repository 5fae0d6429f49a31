"""A/B tests between versions: who gets which, and when enough is known."""
