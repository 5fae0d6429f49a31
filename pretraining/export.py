"""`python -m pretraining.export OUT`: the newest weights and the tokenizer in one safetensors file that can be shipped.

The weights have the names of SmallTransformer.state_dict() and 16 bits; the tokenizer's JSON is the tensor
`tokenizer`, its bytes as numbers. The file's metadata says how long it was trained. Prints size and sha256.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from dlcodegen_core.storage.files import write_atomically
from pretraining.archives import CACHE
from pretraining.checkpoints import load_checkpoint

LARGEST_BYTES = 16_000_000
# NumPy, which serves the network, knows this one and not bfloat16; the weights lie well within its range.
DTYPE = torch.float16
_PARTS = ("embedding", "scale", "attention_in.", "attention_out.", "expand.", "contract.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--run", default="run")
    options = parser.parse_args()
    content = exported(options.cache / options.run, options.cache / "tokenizer.json")
    write_atomically(options.out, content)
    print(f"{options.out}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


def exported(run: Path, tokenizer: Path) -> bytes:
    """The file's content. Raises ValueError if there is no checkpoint, or what it gives cannot be shipped."""
    found = load_checkpoint(run, torch.device("cpu"))
    if found is None:
        raise ValueError(f"{run.name} has no checkpoint yet. Run `python -m pretraining.pretrain` first.")
    tensors, progress = found
    weights: dict[str, Tensor] = {
        name: tensor.to(DTYPE).contiguous() for name, tensor in tensors.items() if name.startswith(_PARTS)
    }
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise ValueError("a weight is not finite in 16 bits")
    weights["tokenizer"] = torch.frombuffer(bytearray(tokenizer.read_bytes()), dtype=torch.uint8)
    content = save(weights, {"progress": json.dumps(asdict(progress)), "heads": "4"})
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"{len(content):,} bytes are more than the {LARGEST_BYTES:,} that may be shipped")
    return content


if __name__ == "__main__":
    sys.exit(main())
