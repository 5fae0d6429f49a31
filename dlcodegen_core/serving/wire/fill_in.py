"""Fill-in-the-middle marks inside a prompt, in the spellings of the model families that editors write them for.

An editor that takes us for another model sends `<fim_prefix>…<fim_suffix>…<fim_middle>` as one prompt. The marks are
read as what they mean: other files, the code before the cursor, the code behind it. A prompt counts as such only if it
has the family's marks in their order and ends where the completion begins, so that code about marks stays code.
"""

import re
from dataclasses import dataclass

_FAMILIES = (
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("<PRE> ", " <SUF>", " <MID>"),
    ("<PRE>", "<SUF>", "<MID>"),
)
# These put what stands behind the cursor first: what opens the suffix, what opens the prefix, what may end it.
_SUFFIX_FIRST = (
    ("<|code_suffix|>", "<|code_prefix|>", "<|code_middle|>"),
    ("[SUFFIX]", "[PREFIX]", ""),
)
_NEXT_FILE = re.compile(r"<\|?file_sep(?:arator)?\|?>")
_BETWEEN_FILES = re.compile(r"<\|?(?:repo_name|reponame)\|?>")


@dataclass(frozen=True, slots=True)
class Gap:
    """The place that is to be filled. others: texts of other files, the nearest last."""

    prefix: str
    suffix: str = ""
    others: tuple[str, ...] = ()


def read_gap(prompt: str) -> Gap:
    """The gap that a prompt marks; a prompt without marks is a prefix and nothing else."""
    for prefix_mark, suffix_mark, end_mark in _FAMILIES:
        # Some editors leave the first mark out.
        before, found, begun = prompt.partition(prefix_mark)
        head, body = (before, begun) if found else ("", prompt)
        prefix, found, rest = body.partition(suffix_mark)
        if found and rest.rstrip().endswith(end_mark.strip()):
            return _gap(head, prefix, rest[: rest.rindex(end_mark.strip())].removesuffix(_blank_before(end_mark)))
    for suffix_mark, prefix_mark, end_mark in _SUFFIX_FIRST:
        head, found, rest = prompt.partition(suffix_mark)
        suffix, found_too, prefix = rest.partition(prefix_mark)
        if found and found_too and (not end_mark or end_mark in prefix):
            return _gap(head, prefix.partition(end_mark)[0] if end_mark else prefix, suffix)
    return Gap(prompt)


def _gap(head: str, prefix: str, suffix: str) -> Gap:
    """head: what stood before the marks, which is other files."""
    # A file's mark may stand behind the first mark as well, with the name of the file that is being edited.
    texts = (_BETWEEN_FILES.sub("", text).strip("\n") for text in _NEXT_FILE.split(head))
    return Gap(prefix, suffix, tuple(text for text in texts if text.strip()))


def _blank_before(mark: str) -> str:
    return mark[: len(mark) - len(mark.lstrip())]
