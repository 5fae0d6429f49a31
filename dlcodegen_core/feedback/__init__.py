"""What people made of completions: kept as events, and what they teach as pairs of a stored dataset."""

FEEDBACK_DATASET = "Your feedback"
