"""How the base model is made: a corpus of openly licensed packages, a tokenizer over it, and a long run on them.

Nothing here is needed to use the workbench, and nothing in dlcodegen_core imports it.
"""
