"""The sequence model: counts, copies, neighbours and a small network, mixed by a learned gate.

tokenizer       text <-> byte-level BPE tokens
suffix_array    the training source, indexed by what stands before each token
source_map      which file and line each of its tokens came from
evidence        what a predictor says about the next token: shares and how sure it is
corpus_counts   predictor: what followed these tokens in the training source
copying         predictor: what followed them in the text at hand, or in neighbours of it
neighbours      finds passages of the training source that resemble the text at hand
network         predictor: a small transformer (PyTorch, for training)
network_pass    the same in NumPy, with its keys and values kept (for answering)
gate            how much each predictor is trusted here
sequence_model  all of them as one distribution of the next token
line_search     beam search and sampling over it
line_ranker     which of the lines found is worth offering
saved_sequence  a trained model on disk
"""
