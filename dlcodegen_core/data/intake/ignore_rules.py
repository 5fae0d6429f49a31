"""Rules in .gitignore's syntax, asked about one entry at a time, as git asks them on its way down a tree.

pathspec translates the patterns. It would let a pattern match whatever lies below a match as well, which is right for
a list of paths but not for several .gitignore files above each other; so its patterns are cut down here to the entry
itself, and whoever walks does not enter what is ignored. Knows nothing of files.
See https://git-scm.com/docs/gitignore.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Each may cost as many steps as a path has folders, and they multiply.
MAX_DOUBLE_STARS = 3
# What pathspec writes for a star within a name, and for the end of a pattern: an entry or a folder above, or a folder.
_STAR = "[^/]*"
_FOLDER_END = "(?P<ps_d>/)"
_ANY_END = f"(?:{_FOLDER_END}|$)"
_ANYWHERE = "^(?:.+/)?"
_SET = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
_CLASSES = {
    "[:alpha:]": "A-Za-z",
    "[:digit:]": "0-9",
    "[:alnum:]": "A-Za-z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:xdigit:]": "0-9A-Fa-f",
    "[:space:]": " \t",
    "[:blank:]": " \t",
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """regex: over an entry's name or its path, a folder's with a slash behind. ignores: False after a `!`."""

    regex: str
    ignores: bool
    over_names: bool


class IgnoreRules:
    """The rules of one .gitignore file, of which the last one that matches decides. Lines that are no rule are void."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [
            (re.compile(rule.regex), rule) for line in lines if (rule := _rule_of(line)) is not None
        ]  # fmt: skip
        # Most entries match nothing: one look at all rules at once says so.
        self._any_name = _any_of(rule.regex for _, rule in self._rules if rule.over_names)
        self._any_path = _any_of(rule.regex for _, rule in self._rules if not rule.over_names)

    def __len__(self) -> int:
        return len(self._rules)

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether an entry is ignored (True) or taken back (False); None if no rule knows it.

        path: relative to the folder that the rules stand in, with forward slashes and none at its end.
        """
        path = f"{path}/" if is_folder else path
        name = path[path.rfind("/", 0, -1) + 1 :]
        if not (self._any_name and self._any_name.match(name)) and not (self._any_path and self._any_path.match(path)):
            return None
        for regex, rule in reversed(self._rules):
            if regex.match(name if rule.over_names else path):
                return rule.ignores
        return None


def is_a_rule(line: str) -> bool:
    """Whether git and this module understand a line as a rule, rather than as a remark or not at all."""
    return _rule_of(line) is not None


def _rule_of(line: str) -> _Rule | None:
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if "[:" in line:
        for name, members in _CLASSES.items():
            line = line.replace(name, members)
    try:
        regex, ignores = GitIgnoreSpecPattern.pattern_to_regex(line)
        if regex is None or ignores is None or regex.count(".+/") + regex.count("/.+") > MAX_DOUBLE_STARS:
            return None
        over_names, regex = _of_one_entry(_SET.sub(_plain_set, regex))
        regex = rf"(?s:{_without_second_thoughts(regex)})\Z"
        re.compile(regex)
    except (GitIgnorePatternError, re.error):  # git, too, takes no notice of a pattern that it cannot read
        return None
    return _Rule(regex, ignores, over_names)


def _plain_set(found: re.Match[str]) -> str:
    """A set of characters without what Python may one day read as a set within it, and never with a slash."""
    told = found[0]
    if told.startswith("\\") or told == "[^/]":
        return told
    inside = re.sub(r"[\[&~|]", r"\\\g<0>", told[1:])
    return f"[^/{inside[1:]}" if inside.startswith("^") and inside[1] != "]" else f"[{inside}"


def _of_one_entry(regex: str) -> tuple[bool, str]:
    """A pattern that matches an entry but not what lies below it, and whether the entry's name is enough for it."""
    if regex.endswith(_ANY_END):
        regex = regex.removesuffix(_ANY_END) + "/?"
    elif regex.endswith(_FOLDER_END):
        regex = (regex if regex.startswith("^") else f"^.+{regex}").removesuffix(_FOLDER_END) + "/"
    elif regex.endswith("/"):  # the pattern ended with /**
        regex = (regex if regex.startswith("^") else f"^.+{regex}") + ".+"
    else:  # a lone star
        regex = "^.+"
    name = regex.removeprefix(_ANYWHERE)
    # "/" also ends the pattern of a folder, and stands within the translation of ? and *
    over_names = name != regex and "/" not in name.replace("[^/]", "").removesuffix("/?").removesuffix("/")
    return over_names, name if over_names else regex


def _without_second_thoughts(regex: str) -> str:
    """The same pattern, in which a star that another one follows in the same name never gives back what it took.

    The shortest match is as good as any other there, and a name with many stars can no longer take for ever.
    """
    first, *rest = regex.split(_STAR)
    for number, part in enumerate(rest, start=1):
        another_follows = number < len(rest) and "/" not in part.replace("[^/]", "")
        first += f"(?>{_STAR}?{part})" if another_follows else _STAR + part
    return first


def _any_of(regexes: Iterable[str]) -> re.Pattern[str] | None:
    together = "|".join(f"(?:{regex})" for regex in regexes)
    return re.compile(together) if together else None
