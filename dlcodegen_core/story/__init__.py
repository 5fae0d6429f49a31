"""A saved story of a model, told step by step without any service."""
