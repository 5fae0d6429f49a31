"""Processes killed at random moments while they make, move and delete versions leave nothing half done behind.

`python -m benchmarks.kills` does the same two hundred times.
"""

import random
from pathlib import Path

import pytest

from benchmarks.kills import forks, kill_once

pytestmark = pytest.mark.service

KILLS = 20


def test_whatever_dies_half_way_no_version_is_lost_or_half_visible(tmp_path: Path) -> None:
    chance, context = random.Random(), forks()
    doing = [kill_once(tmp_path / "versions", tmp_path / "journal", context, chance) for _kill in range(KILLS)]
    assert len(doing) == KILLS
