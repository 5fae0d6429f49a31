"""A few lines of Python that use an exported file, to be copied. They need nothing of this program."""

from dlcodegen_core.models.saved_model import ModelCard

_DEEPCODENET = """\
import json, numpy, onnxruntime

session = onnxruntime.InferenceSession("{file}")
tokens = json.loads(session.get_modelmeta().custom_metadata_map["tokens"])
features = numpy.zeros((1, 544), numpy.float32)  # of a prompt: DLCodeGen.get_instance().predict(prompt).features
logits = session.run(["logits"], {{"features": features}})[0]
print(repr(tokens[logits[0].argmax()]))
"""
_SEQUENCE = """\
import numpy, onnxruntime, tokenizers

session = onnxruntime.InferenceSession("{file}")
tokenizer = tokenizers.Tokenizer.from_str(session.get_modelmeta().custom_metadata_map["tokenizer"])
tokens = numpy.array([[0, *tokenizer.encode("import os\\nimport").ids]])  # 0: the beginning of a file
logits = session.run(["logits"], {{"tokens": tokens}})[0]
print(repr(tokenizer.decode([logits[0, -1].argmax()])))
"""
_SAFETENSORS = """\
from safetensors.numpy import load_file

for name, array in load_file("{file}").items():
    print(name, array.shape)
"""
_PT = """\
import torch

for name, tensor in torch.load("{file}", weights_only=True).items():
    print(name, tuple(tensor.shape))
"""


def usage(card: ModelCard, file_format: str, file: str) -> str:
    """How to use `file`, which `card`'s version was exported to; empty for a bundle, which a workbench reads."""
    if file_format == "bundle":
        return ""
    onnx = _SEQUENCE if card.is_sequence else _DEEPCODENET
    return {"safetensors": _SAFETENSORS, "pt": _PT}.get(file_format, onnx).format(file=file)
