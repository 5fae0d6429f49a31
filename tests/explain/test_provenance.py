"""Where completions come from, of a really trained model: against the model's own numbers and the files themselves."""

import json
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.errors import ModelError, RequestError
from dlcodegen_core.explain.provenance import VERBATIM_CHARACTERS, CompletionProvenance, Sighting, explain_completion
from dlcodegen_core.explain.sightings import NONE, EvidenceFinder
from dlcodegen_core.explain.token_walk import KINDS, walk_along
from dlcodegen_core.explain.token_walk import given as given_by
from dlcodegen_core.explain.verbatim import longest_match, longest_stretch
from dlcodegen_core.features.embedders import Embedders
from dlcodegen_core.inference.prediction import PredictionRequest
from dlcodegen_core.inference.sequence_answers import LoadedSequence
from dlcodegen_core.models import base_model
from dlcodegen_core.models.saved_model import load_sequence
from dlcodegen_core.models.sequence.gate import COUNTING_EXPERTS
from dlcodegen_core.models.sequence.line_search import SearchOptions, search, unfinished
from dlcodegen_core.models.sequence.saved_sequence import from_arrays
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.version_folders import next_version_folder
from dlcodegen_core.plain_values import to_plain
from dlcodegen_core.training.phases import Surroundings, Wish
from dlcodegen_core.training.sequence.session import SequenceSession
from dlcodegen_core.training.sources import folder_source
from tests.explain.trained_model import Trained

LIBRARY = Path(json.__file__).parents[1]
PROMPT = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json."
texts = st.text(st.sampled_from('ab(. \n\té☃😀"1'), max_size=24)
# Stands in json/encoder.py and nowhere else.
CLASS = (
    '\n\nclass JSONEncoder(object):\n    """Extensible JSON <https://json.org> encoder for Python data structures.\n'
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some source and the version that was trained on it for a moment."""
    root = tmp_path_factory.mktemp("provenance")
    for package in ("json", "html"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(LIBRARY / package, root / "project" / package, ignore=ignored)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    around = Surroundings(
        embedder=None,  # type: ignore[arg-type]  # a sequence model has none
        emit=lambda event: None,
        wish=lambda: Wish.GO_ON,
        claim_version=lambda: next_version_folder(root / "versions"),
        checkpoint=root / "checkpoint",
    )
    config = TrainConfig.sequence(seconds=1, vocabulary_size=1024, held_out=0.0, from_scratch=True)
    SequenceSession(folder_source(root / "project", "project"), config, "mine", around).run()
    torch.set_num_threads(threads)
    return root


@pytest.fixture(scope="module")
def embedders(root: Path) -> Iterator[Embedders]:
    embedders = Embedders(Settings(home=root / "home", embedder="local"))
    yield embedders
    embedders.close()


@pytest.fixture(scope="module")
def loaded(root: Path, embedders: Embedders) -> LoadedSequence:
    return LoadedSequence(*load_sequence(root / "versions" / "v1"), embedders)


def explain(loaded: LoadedSequence, prompt: str, completion: str, **options: object) -> CompletionProvenance:
    return explain_completion(loaded, PredictionRequest.of(prompt, **options), completion)


def line_of(root: Path, sighting: Sighting) -> str:
    return (root / "project" / sighting.path).read_text("utf-8").split("\n")[sighting.line - 1]


def test_probabilities_and_shares_are_those_of_the_model(loaded: LoadedSequence) -> None:
    model, prompt = loaded.model, "def dumps(obj):\n    "
    assert not unfinished(model.tokenizer, prompt)
    completion = "if obj is None:\n        return json.dumps(obj)\n"
    answer = explain(loaded, prompt, completion)
    tokens = model.tokenizer.encode(completion)
    beams = model.begin(model.tokenizer.encode(prompt))
    assert len(answer.tokens) == len(tokens) and len(answer.steps) == len(tokens) + 1
    assert sum(answer.shares.values()) == pytest.approx(1)
    for token, told, step in zip(tokens.tolist(), answer.tokens, answer.steps, strict=False):
        chances = model.probabilities(beams)[0]
        assert told.probability == pytest.approx(float(chances[token]), rel=1e-3)
        likeliest = np.sort(chances)[::-1][:10]
        np.testing.assert_allclose([candidate.probability for candidate in step.candidates], likeliest, rtol=1e-3)
        if step.chosen is not None:
            assert step.candidates[step.chosen].text == told.text
        given = given_by(model, beams, np.array([token]))[0]
        assert given.sum() == pytest.approx(float(chances[token]), rel=1e-3)
        np.testing.assert_allclose([told.shares[kind] for kind in KINDS], given / given.sum(), atol=1e-3)
        assert told.kind == max(told.shares, key=told.shares.__getitem__)
        beams = model.advance(beams, [0], [token])


def test_probabilities_are_those_that_the_search_added_up(loaded: LoadedSequence) -> None:
    tokenizer, compared, typed = loaded.model.tokenizer, 0, 0
    for prompt in (PROMPT, "def py_scanst", "x = [\n    ", "from json imp"):
        for found in search(loaded.model, prompt, SearchOptions(width=8, max_tokens=8, stop=("\n",))).hypotheses:
            walk = walk_along(loaded.model, prompt, "", found.text)
            # The search may have typed a text in other tokens than the tokenizer cuts it into, or stopped counting.
            if found.tokens != tuple(walk.tokens.tolist()) or len(found.log_probabilities) != len(walk) + 1:
                continue
            chances = walk.probabilities[np.arange(len(walk)), walk.tokens]
            np.testing.assert_allclose(np.log(chances), found.log_probabilities[: len(walk)], atol=1e-3)
            ending = walk.probabilities[-1][tokenizer.ending([b"\n"])].sum()
            assert math.log(ending) == pytest.approx(found.log_probabilities[-1], abs=1e-3)
            compared, typed = compared + 1, typed + any(walk.typed)
    assert compared > typed > 5


def test_every_place_holds_the_token_that_it_is_told_for(root: Path, loaded: LoadedSequence) -> None:
    parts = set()
    for prompt in (PROMPT, "import json\n\nparser = html.pars", f"{CLASS}    ", f"# {CLASS[-60:]}"):
        for completion in (CLASS, "er(json)\nparser.feed(json.dumps(path))\n\ndef load(path):\n    pass"):
            for token in explain(loaded, prompt, completion).tokens:
                lines = (prompt + completion).split("\n")
                for place in token.places:
                    line = line_of(root, place) if place.part == "file" else lines[place.line - 1]
                    assert token.text.strip() in line
                    parts.add((token.kind, place.part))
                assert (token.match > 0) == bool(token.places) == (token.kind in ("counts", "prompt", "neighbours"))
    assert {("counts", "file"), ("prompt", "prompt")} <= parts


@pytest.mark.parametrize("suffix", ["", f"\n\nprint(json.dumps(obj))\n{CLASS}"])
def test_sightings_of_every_kind_hold_the_token_after_as_many_equal_ones_as_they_say(
    loaded: LoadedSequence, suffix: str
) -> None:
    source = loaded.model.source.tokens
    walk = walk_along(loaded.model, PROMPT, suffix, CLASS)
    finder = EvidenceFinder(loaded.model.source, walk)
    whole, found = np.concatenate([walk.prompt, walk.tokens]).tolist(), set()
    for number, token in enumerate(walk.tokens.tolist()):
        said = loaded.model.evidence(walk.beams[number]).shares_of(np.array([token]), COUNTING_EXPERTS)[0]
        spoke = dict(zip(("counts", "prompt", "neighbours"), np.split(said, [8, 15]), strict=True))
        for kind, shares in spoke.items():
            sightings = finder.find(number, kind, NONE)  # type: ignore[arg-type]
            text = (finder.copied.tokens if kind == "prompt" else source).tolist()
            before = whole[: len(walk.prompt) + number][-sightings.match :] if sightings.match else []
            for position in sightings.positions:
                assert text[position] == token and text[position - len(before) : position] == before
            assert sightings.positions or not shares.any()
            found |= {kind} if sightings.positions else set()
    assert found == set(spoke)


def test_texts_shares_and_spans_add_up_to_the_whole(loaded: LoadedSequence) -> None:
    completion = CLASS + "    naïve = '☃ and 😀'\n"
    answer = explain(loaded, PROMPT, completion)
    assert "".join(token.text for token in answer.tokens) == completion
    assert "".join(span.text for span in answer.spans) == completion
    assert [span.start for span in answer.spans[1:]] == [span.end for span in answer.spans[:-1]]
    assert sum(span.tokens for span in answer.spans) == len(answer.tokens)
    for token in answer.tokens:
        assert sum(token.shares.values()) == pytest.approx(1)
        assert completion.startswith(token.text, token.start)
    assert json.loads(json.dumps(to_plain(answer)))["completion"] == completion


def test_what_was_taken_from_one_place_is_one_span(root: Path, loaded: LoadedSequence) -> None:
    answer = explain(loaded, PROMPT, CLASS)
    span = max(answer.spans, key=lambda span: span.tokens)
    assert span.kind == "counts" and span.tokens > 10
    (place,) = span.places
    assert place.path == "json/encoder.py" and span.text.strip().split("\n")[0] in line_of(root, place)


def test_text_that_was_learned_is_told_to_be_taken_over(root: Path, loaded: LoadedSequence) -> None:
    answer = explain(loaded, PROMPT, CLASS)
    verbatim = answer.verbatim
    assert verbatim and verbatim.is_verbatim and verbatim.files == verbatim.sightings == 1
    assert f"stand word for word in {verbatim.places[0].told}." in verbatim.warning
    assert verbatim.text == CLASS[verbatim.start : verbatim.end] and verbatim.characters > VERBATIM_CHARACTERS
    (place,) = verbatim.places
    assert place.path == "json/encoder.py" and line_of(root, place) == "class JSONEncoder(object):"
    assert verbatim.text in (root / "project" / place.path).read_text("utf-8")


def test_what_precedes_it_in_the_prompt_is_told_too(loaded: LoadedSequence) -> None:
    cut = CLASS.index("Extensible") + 3
    verbatim = explain(loaded, CLASS[:cut], CLASS[cut:-1]).verbatim
    assert verbatim and verbatim.is_verbatim and verbatim.end == len(CLASS) - cut - 1
    assert verbatim.before.endswith('class JSONEncoder(object):\n    """Ext')
    assert verbatim.text == verbatim.before + CLASS[cut:-1]


@pytest.mark.parametrize("completion", ["return zorblatt(quux)\n", "    ", " " * 200, "self.assertEqual(1, 2)"])
def test_own_text_idioms_and_blanks_are_not_called_taken_over(loaded: LoadedSequence, completion: str) -> None:
    verbatim = explain(loaded, PROMPT, completion).verbatim
    assert verbatim is None or not (verbatim.is_verbatim or verbatim.warning)


def test_an_idiom_tells_in_how_many_files_it_stands(root: Path, loaded: LoadedSequence) -> None:
    verbatim = explain(loaded, "x = 1\n\n", "import re\n").verbatim
    texts = [path.read_text("utf-8") for path in (root / "project").rglob("*.py")]
    assert verbatim and verbatim.text in ("import re", "import re\n", "\n\nimport re", "\n\nimport re\n")
    assert verbatim.files and 1 <= verbatim.files <= sum("import re" in text for text in texts)


def test_copies_tell_the_line_of_the_prompt_the_context_or_what_stands_behind(loaded: LoadedSequence) -> None:
    name = "zorblatt_counter_of_quux"
    use, behind = "def total(self):\n    return self.", f"\n\ndef more(self):\n    return self.{name}\n"
    asked = {
        "prompt": {"prompt": f"import os\n\nself.{name} = 0\n\n{use}"},
        "context": {"prompt": use, "context": ["import os", f"\nself.{name} = 0"]},
        "suffix": {"prompt": use, "suffix": behind},
    }
    for part, request in asked.items():
        answer = explain_completion(loaded, PredictionRequest.of(**request), name)  # type: ignore[arg-type]
        copied = [token for token in answer.tokens if token.kind == "prompt"]
        assert copied
        lines = {"prompt": 3, "context": 3, "suffix": 4}
        for token in copied[1:]:
            assert Sighting(part, lines[part]) in token.places  # type: ignore[arg-type]


def test_a_copy_of_the_completion_itself_is_on_the_lines_that_go_on_from_the_prompt(loaded: LoadedSequence) -> None:
    answer = explain(loaded, "import os\n", "zorblatt = quuxify(zorblatt)\nzorblatt = quuxify(zorblatt)\n")
    places = {place for token in answer.tokens[-8:] for place in token.places}
    assert Sighting("prompt", 2) in places


def test_a_stop_string_ends_a_completion_in_the_steps(loaded: LoadedSequence) -> None:
    last = explain(loaded, PROMPT, "dumps(path)", stop=["\n"]).steps[-1]
    assert last.chosen is None and last.start == len("dumps(path)")
    assert all(candidate.ends == candidate.text.startswith("\n") for candidate in last.candidates if candidate.text)
    assert any(candidate.ends for candidate in last.candidates)


def test_nothing_is_explained_by_nothing_but_what_could_come(loaded: LoadedSequence) -> None:
    answer = explain(loaded, PROMPT, "")
    assert not answer.tokens and not answer.spans and answer.verbatim is None and len(answer.steps) == 1


def test_a_version_saved_before_says_that_files_are_not_known(root: Path, embedders: Embedders) -> None:
    from safetensors.numpy import load

    content = load((root / "versions" / "v1" / "model.safetensors").read_bytes())
    known = {"source.tokens", "source.order"}
    arrays = {name: array for name, array in content.items() if not name.startswith("source.") or name in known}
    card = load_sequence(root / "versions" / "v1")[0]
    answer = explain(LoadedSequence(card, *from_arrays(arrays), embedders), PROMPT, CLASS)
    assert not answer.files_known and "v1 was saved before files were remembered" in answer.note
    assert all(not token.places for token in answer.tokens if token.kind in ("counts", "neighbours"))
    assert answer.verbatim and answer.verbatim.is_verbatim
    assert answer.verbatim.files is None and not answer.verbatim.places


def test_the_base_says_that_it_knows_nothing_of_its_files(embedders: Embedders) -> None:
    if not base_model.is_there():
        pytest.skip("no base model is shipped here")
    answer = explain(LoadedSequence(*load_sequence(base_model.FOLDER), embedders), PROMPT, "load(file)")
    assert not answer.files_known and "knows none of its files" in answer.note
    assert answer.verbatim is None and {token.kind for token in answer.tokens} <= {"network", "prompt", "base rate"}


def test_a_deepcodenet_is_refused_in_plain_words(trained: Trained) -> None:
    with pytest.raises(ModelError, match=r"is a DeepCodeNet: .* Choose a version"):
        explain_completion(trained.model, PredictionRequest("x = "), "1")


@pytest.mark.parametrize(("completion", "words"), [("\ud800", "half of a character"), ("x = 1\n" * 200, "256 tokens")])
def test_a_completion_that_cannot_be_walked_is_refused(loaded: LoadedSequence, completion: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        explain(loaded, PROMPT, completion)


@given(texts, texts)
@settings(max_examples=15, deadline=None)
def test_any_completion_of_any_prompt_is_told_whole(loaded: LoadedSequence, prompt: str, completion: str) -> None:
    answer = explain(loaded, f"x{prompt}", completion)
    assert "".join(token.text for token in answer.tokens) == completion
    assert "".join(span.text for span in answer.spans) == completion


def test_a_line_is_explained_fast_enough_to_be_asked_for(loaded: LoadedSequence) -> None:
    completion = CLASS.strip()[:60]
    explain(loaded, PROMPT, completion)
    passed = []
    for _time in range(5):
        began = time.perf_counter()
        explain(loaded, PROMPT, completion)
        passed.append(time.perf_counter() - began)
    assert min(passed) < 0.3  # a fifth of that on an idle machine


tokens = st.lists(st.integers(1, 3), min_size=1, max_size=50).map(lambda values: np.array(values, np.int64))


@given(st.lists(tokens, min_size=1, max_size=3), tokens)
def test_the_longest_match_is_that_of_looking_everywhere(files: list[np.ndarray], text: np.ndarray) -> None:
    source = SuffixArray.build(files)
    match, ends = longest_match(source, text)
    whole, wanted = source.tokens.tolist(), text.tolist()
    size = max((size for size in range(len(wanted) + 1) if _places(whole, wanted[len(wanted) - size :])), default=0)
    assert match == size
    if match:
        assert sorted(ends.tolist()) == [place + match for place in _places(whole, wanted[-match:])]


@given(st.lists(tokens, min_size=1, max_size=2), tokens, tokens)
@settings(max_examples=50, deadline=None)
def test_no_stretch_is_longer_than_the_longest(files: list[np.ndarray], before: np.ndarray, text: np.ndarray) -> None:
    source = SuffixArray.build(files)
    whole, wanted = source.tokens.tolist(), text.tolist()
    sizes = np.arange(len(text)) % 3 + 1
    stretch = longest_stretch(source, before, text, sizes)
    stretches = [
        (start, end) for end in range(1, len(wanted) + 1) for start in range(end) if _places(whole, wanted[start:end])
    ]
    if stretch is None:
        assert not stretches
        return
    assert stretch.positions.tolist() and sizes[stretch.start : stretch.end].sum() == max(
        sizes[start:end].sum() for start, end in stretches
    )
    taken = [*before.tolist()[len(before) - stretch.before :], *wanted[stretch.start : stretch.end]]
    found = _places(whole, taken if stretch.before else wanted[stretch.start : stretch.end])
    assert [place + stretch.before for place in found] == stretch.positions.tolist()


def _places(whole: list[int], wanted: list[int]) -> list[int]:
    return [place for place in range(len(whole) - len(wanted) + 1) if whole[place : place + len(wanted)] == wanted]
