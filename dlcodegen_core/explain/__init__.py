"""Why a model answered as it did: which numbers, which words and which training code stand behind a prediction."""
