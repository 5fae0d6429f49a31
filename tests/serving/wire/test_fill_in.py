"""Marks of a gap: those that editors really write, and code that only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.serving.wire.fill_in import Gap, read_gap

# As Continue's templates for the model families put a prompt together.
TEMPLATES = {
    "StarCoder, Stable Code": "<fim_prefix>{}<fim_suffix>{}<fim_middle>",
    "SantaCoder": "<fim-prefix>{}<fim-suffix>{}<fim-middle>",
    "Qwen, CodeGemma, Granite": "<|fim_prefix|>{}<|fim_suffix|>{}<|fim_middle|>",
    "Seed Coder": "<[fim-prefix]>{}<[fim-suffix]>{}<[fim-middle]>",
    "CodeLlama": "<PRE> {} <SUF>{} <MID>",
    "DeepSeek": "<｜fim▁begin｜>{}<｜fim▁hole｜>{}<｜fim▁end｜>",
    "without the first mark": "{}<|fim_suffix|>{}<|fim_middle|>",
}
CODE = st.text(st.characters(exclude_characters="<[", exclude_categories=("Cs",)))


@given(CODE, CODE, st.sampled_from(sorted(TEMPLATES)))
def test_each_familys_marks_give_back_what_they_were_put_around(prefix: str, suffix: str, family: str) -> None:
    assert read_gap(TEMPLATES[family].format(prefix, suffix)) == Gap(prefix, suffix)


@given(CODE, CODE)
def test_a_suffix_may_come_first(prefix: str, suffix: str) -> None:
    assert read_gap(f"[SUFFIX]{suffix}[PREFIX]{prefix}") == Gap(prefix, suffix)
    written = f"<|code_suffix|>{suffix}<|code_prefix|>{prefix}<|code_middle|><|assistant|>\n"
    assert read_gap(written) == Gap(prefix, suffix)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_gap(text), Gap)


@given(CODE)
def test_a_prompt_without_marks_is_a_prefix(code: str) -> None:
    assert read_gap(code) == Gap(code)


@pytest.mark.parametrize(
    "code",
    [
        'MARK = "<fim_prefix>"\nOTHER = "<fim_suffix>"\n',
        'template = "<fim_prefix>{}<fim_suffix>{}<fim_middle>"\nprint(',
        "<fim_middle>",
        "a <fim_middle> b <fim_suffix> c <fim_prefix>",
    ],
)
def test_code_about_marks_stays_code(code: str) -> None:
    assert read_gap(code) == Gap(code)


def test_other_files_before_the_marks_are_context() -> None:
    prompt = "<file_sep>import os\n<file_sep>x = 1\n<file_sep><fim_prefix>a<fim_suffix>b<fim_middle>"
    assert read_gap(prompt) == Gap("a", "b", ("import os", "x = 1"))
    prompt = "<|repo_name|>mine\n<|file_sep|>box.py\nclass Box:\n    pass\n<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"
    assert read_gap(prompt).others == ("mine", "box.py\nclass Box:\n    pass")
