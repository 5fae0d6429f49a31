"""The base model that ships: a sequence model that has learned much permissively licensed code, and none of yours.

It lies in a folder like any version, beside a card that says on what, for how long and with what result it was
trained. Where the folder is missing, everything works from scratch.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.models.saved_model import CARD_FILE, load_start

if TYPE_CHECKING:
    from dlcodegen_core.models.sequence.saved_sequence import Start

NAME = "base"
FOLDER = Path(__file__).parent / "base"


def is_there() -> bool:
    return (FOLDER / CARD_FILE).is_file()


def start() -> "Start | None":
    """What a training starts from, None where no base model is shipped. Raises ModelError if it is damaged."""
    return load_start(FOLDER) if is_there() else None
