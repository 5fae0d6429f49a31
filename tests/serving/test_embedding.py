"""Vectors for other programs: in turn, bounded, and not for those who have gone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core import DLCodeGen, Settings
from dlcodegen_core.errors import EmbeddingError
from dlcodegen_core.serving.embedding import PLACES, embed_texts, embedder_name, words_and_signs
from dlcodegen_core.serving.engine import ClientGone


class Client:
    """What a request's `receive` gives to whoever waits for a client to go away."""

    def __init__(self, gone: bool = False) -> None:
        self._gone = gone

    async def receive(self) -> dict[str, str]:
        if not self._gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}


@pytest.fixture(autouse=True)
def _service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    service = DLCodeGen(Settings(home=tmp_path / "home", embedder="local"))
    monkeypatch.setattr(DLCodeGen, "_instance", service)
    yield
    service.close()


def test_the_embedder_of_a_training_gives_the_vectors_and_its_name() -> None:
    identity, vectors = asyncio.run(embed_texts(["x = 1", "x = 1", " "], Client()))  # type: ignore[arg-type]
    assert embedder_name(identity) == "all-MiniLM-L6-v2"
    assert (vectors[0] == vectors[1]).all() and not vectors[2].any()
    assert words_and_signs(["x = 1", " "]) == 3


def test_a_client_that_went_away_is_not_worked_for_any_longer() -> None:
    texts = [f"x = {number}" for number in range(300)]
    with pytest.raises(ClientGone):
        asyncio.run(embed_texts(texts, Client(gone=True)))  # type: ignore[arg-type]
    # It ended before a batch: the last texts were never turned into vectors.
    assert DLCodeGen.get_instance().embedders.store.count() < len(texts)


def test_more_than_can_wait_are_refused_and_places_come_free_again() -> None:
    async def many(count: int) -> list[object]:
        asked = (embed_texts([f"many {number}"], Client()) for number in range(count))  # type: ignore[arg-type]
        return await asyncio.gather(*asked, return_exceptions=True)

    refused = [each for each in asyncio.run(many(PLACES + 3)) if isinstance(each, EmbeddingError)]
    assert len(refused) == 3
    assert not any(isinstance(each, Exception) for each in asyncio.run(many(PLACES)))
