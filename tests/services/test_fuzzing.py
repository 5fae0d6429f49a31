"""Whatever is sent to any route: the reply fits the OpenAPI document, and no status above 499 but 503."""

import shutil
from pathlib import Path

import pytest

from benchmarks.fuzzing import fuzz
from tests.services.served import server

pytestmark = [pytest.mark.service]


def test_no_request_finds_a_server_error_or_a_reply_that_is_not_documented(sequence_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sequence_home, home)
    with server(home) as address:
        # A few of each operation, in seconds; benchmarks.fuzzing asks for minutes.
        found = fuzz(address, seconds=None, seed=1, phases="examples,fuzzing", most=6)
    assert not found.failures, found.told
    assert found.asked == found.operations
