"""Fine-tunes a version on what people accepted and corrected, and judges whether the result may take its place."""
