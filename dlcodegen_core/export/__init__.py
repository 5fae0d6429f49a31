"""Versions as files for elsewhere: ONNX with a certificate of what it was checked on, and the weights as they are.

formats          what can be asked for
onnx_file        a version as an ONNX file, in float32 or with 8-bit weights
held_out_inputs  what the files are checked on
parity           how far two ways to calculate the same logits are from each other
timing           how long each of them takes
certificate      what came out, as data, and in one sentence
certifying       all of these, in order
usage            how an exported file is used
"""
