"""What people made of completions, and what is learned from it at once."""
