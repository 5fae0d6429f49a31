"""The one trained model of this folder's tests."""

import pytest

from tests.explain.trained_model import Trained


@pytest.fixture(scope="session")
def trained(trained_small: Trained) -> Trained:
    return trained_small
