"""The files a version can leave as."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """name: how it is asked for. suffix: of its files. certified: whether a certificate goes with it."""

    name: str
    title: str
    suffix: str
    what: str
    certified: bool = False

    def stem(self, version: str) -> str:
        """What a version's file is called, without the suffix."""
        return f"{version}-int8" if self.name == "onnx-int8" else version


FORMATS = {
    each.name: each
    for each in (
        ExportFormat("onnx", "ONNX", ".onnx", "Full precision, for ONNX Runtime in any language", certified=True),
        ExportFormat(
            "onnx-int8", "ONNX, 8 bits", ".onnx", "A third of the size, and not quite as exact", certified=True
        ),
        ExportFormat("safetensors", "safetensors", ".safetensors", "The weights as they are, for any framework"),
        ExportFormat("pt", "PyTorch", ".pt", "The weights as a state dict"),
        ExportFormat("bundle", "Whole version", ".zip", "Everything, to be brought into another workbench"),
    )
}


def certificate_file(out: Path) -> Path:
    """Where the certificate of an exported file lies: beside it."""
    return out.with_name(f"{out.name}.certificate.json")
