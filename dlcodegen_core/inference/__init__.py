"""From a prompt to a completion, quickly, with every millisecond accounted for."""
