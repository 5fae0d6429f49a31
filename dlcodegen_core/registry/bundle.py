"""A version as one file, to be taken elsewhere: a zip file without compression. Written here, read by `bundle_reading`.

    model.json, model.safetensors, training_features.safetensors     the version
    labels.json                                                      name, note and tags
    MODEL_CARD.md                                                    for people
    manifest.json                                                    the size and sha256 of each of these

The same version and labels give the same bytes. The path of a source folder stays at home.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcodegen_core.models.saved_model import CARD_FILE, card_content, files_of
from dlcodegen_core.registry.labels import Labels
from dlcodegen_core.registry.model_card import model_card
from dlcodegen_core.registry.proving import prove

FORMAT = "dlcodegen-version-1"
MANIFEST_FILE, LABELS_FILE, MODEL_CARD_FILE = "manifest.json", "labels.json", "MODEL_CARD.md"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def bundle(folder: Path, labels: Labels, report: Mapping[str, str] | None = None) -> bytes:
    """The version in `folder` as the content of one file. Raises ModelError if it is damaged: that is not passed on.

    report: see `model_card`.
    """
    card = prove(folder)
    saved = files_of(folder)
    contents = {file.name: (folder / file.name).read_bytes() for file in saved if file.name != CARD_FILE}
    contents = {
        CARD_FILE: card_content(folder, source_folder=""),
        **contents,
        LABELS_FILE: _json(labels.to_json()),
        MODEL_CARD_FILE: model_card(card, labels, saved, report).encode(),
    }
    files = {
        name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    }
    manifest = {"format": FORMAT, "version": folder.name, "files": files}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {MANIFEST_FILE: _json(manifest), **contents}.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content)
    return made.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
