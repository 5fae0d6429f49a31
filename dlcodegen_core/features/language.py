"""Which programming language a text is written in: told from a file's name, or from the text's own look.

Detection adds up weighted cues (keywords, operators, the way lines end) and answers with the best sum, so it works on
one half-typed line as on a whole file. It is no parser and never says "unknown": where nothing speaks it is Python.
"""

import re
from collections import Counter
from pathlib import PurePath

_TITLES = {
    "python": "Python",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "tsx": "TSX",
    "java": "Java",
    "go": "Go",
    "rust": "Rust",
    "c": "C",
    "cpp": "C++",
}
LANGUAGES: tuple[str, ...] = tuple(_TITLES)

_SUFFIXES = {
    "python": "py pyi pyw",
    "javascript": "js jsx mjs cjs",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "java": "java",
    "go": "go",
    "rust": "rs",
    "c": "c h",
    "cpp": "cpp cc cxx c++ hpp hh hxx h++ ipp tpp cu cuh",
}
_BY_SUFFIX = {f".{suffix}": language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}

# Only the end of a long text is looked at, and a cue that repeats soon stops adding.
_MAX_CHARACTERS = 4000
_MAX_REPEATS = 3

# What is cut out of the text as cues: the first alternative that fits at a place wins.
_CUE = re.compile(
    r"""
    (?P<comment> (?:^|(?<=\s)) (?: //[^\n]*+ | /\*[^\n]*+ | \*(?:[ /][^\n]*+|$) | \#[ !][^\n]*+ ) )
  | (?P<cue>
        @[A-Za-z]\w*+
      | [A-Za-z_$][\w$]*+ (?: !(?=[(\[{]) | =(?=["'\w\[{(]) | \ [*&]+(?=[a-z_]) )?   # a word, macro!, name=, type *name
      | \#!?\[ | \#[ ]*+[a-z]++
      | \"{3} | '{3}
      | ::|->|=>|:=|<-|===|!==|&&|\|\||\?\.|\?\?|\*\*|\+\+|\.{2,3}|//|</|/>|`
      | ^\t | \)[ ]\{ | \}\)
      | [;{}:,\\)]$                                                      # how the line ends
    )
  | (?P<string> "(?:[^"\\\n]|\\.)*+"? | '(?:[^'\\\n]|\\.)*+' )
    """,
    re.VERBOSE | re.MULTILINE,
)

# What each cue is worth to each family of languages. A mark alone stands for a line that ends with it.
_CUES: dict[str, dict[float, str]] = {
    "python": {
        5: "elif",
        4: "def None except nonlocal isinstance",
        3: "self cls raise : \"\"\" ''' # __name__ name=",
        2.5: "True False",
        2: "not lambda pass del kwargs",
        1.5: "and or is print dict tuple",
        1: "import from in with assert yield len str list args ** -> 'text' as range",
        0.5: "class if for else return while try set bool async await int Exception @name",
    },
    "javascript": {
        5: "=== !== className",
        4: "function undefined exports console keyof",
        3: "=> export require module typeof Promise prototype readonly ?. ?? number useState",
        2.5: "`",
        2: "const let var any unknown </ /> document window JSON declare type",
        1.5: "this async await Object string interface boolean instanceof Array 'text' ;",
        1: "import from new null extends ... true false { default } throw Error || && implements void props",
        0.8: "/* // catch case break",
        0.5: "class if for else return while try in as switch static ,",
    },
    "java": {
        4: "throws @Name",
        3.5: "final String Override assertThat",
        3: "public private protected implements Integer",
        2: "package boolean instanceof extends System abstract synchronized ; void super",
        1.5: "static int new List Object Exception ArrayList Map byte long import this null",
        1: "class interface char throw { } enum true false Class <? T",
        0.8: "/* // catch case break double float ->",
        0.5: "if for else return while try switch default && ||",
    },
    "go": {
        5: "func :=",
        4: "nil chan",
        3: "err package defer fmt <- int64 uint64 int32 uint32 uint8 float64",
        2: "go type error logrus testing ctx",
        1.5: "range string map byte var interface struct",
        1: "// { } \t int append make import const bool case return",
        0.5: "if for else switch default break && || len",
    },
    "rust": {
        5: "fn #[ #![",
        4: "mut impl pub crate trait",
        3: "name! Some Ok Err usize Vec i32 u32 u8 i64 u64 f32 f64 dyn",
        2.5: "Self",
        2: ":: let mod self -> Option Result unsafe unwrap Box",
        1.5: "use match String str ; struct T",
        1: "None name_name // { } => where enum as ref .. type bool",
        0.5: "if for else return while in loop async await const static && || ,",
    },
    "c": {
        6: "#include #define #ifdef #ifndef #endif #undef #pragma",
        5: "NULL nullptr constexpr noexcept",
        4: "typedef unsigned sizeof size_t typename template std #if #else #elif",
        3: "printf name_t virtual __name inline namespace uint32_t",
        2.5: "extern char operator :: const_cast static_cast",
        2: "struct int void ; auto -> \\ goto friend signed",
        1.5: "type* static float double long short enum bool union using",
        1.2: "/*",
        1: "const { } NAME case // include define return public private ++",
        0.5: "if for else while switch break default && || class this new , true false",
    },
}
_FAMILIES = tuple(_CUES)


def _weights() -> dict[str, tuple[tuple[int, float], ...]]:
    """The table turned round: for each cue, what it is worth to which family."""
    weights: dict[str, list[tuple[int, float]]] = {}
    for family, by_weight in enumerate(_CUES.values()):
        for weight, cues in by_weight.items():
            for cue in cues.split():
                weights.setdefault(cue, []).append((family, weight))
    return {cue: tuple(entries) for cue, entries in weights.items()}


_WEIGHTS = _weights()

_TYPES = re.compile(
    r"""
    [\w\])?] \s* : \s* (?: string | number | boolean | any | unknown | void | never | [A-Z]\w* [<\[\s,;)=|] )
  | \b (?: keyof | readonly | declare | satisfies | enum | implements ) \s
  | \b (?: interface \s+ \w+ | type \s+ \w+ (?: <[^<>\n]*> )? \s* = | import \s+ type | export \s+ type ) \b
  | \b as \s+ (?: const | any | unknown | string | number | [A-Z]\w* )
  | \w < (?: string | number | boolean | any | unknown | [A-Z]\w* ) (?: > | \[ | , | \s\| )
    """,
    re.VERBOSE,
)
_MARKUP = re.compile(r"</[A-Za-z>]|/>|<[A-Z]\w*[\s>]|\bclassName=|[(\s]<(?:div|span|p|a|ul|li|h[1-6])\b")
_CPLUSPLUS = re.compile(
    r"::|\b(?:class|namespace|template|typename|nullptr|constexpr|noexcept|virtual|override|using|auto|operator|"
    r"public|private|protected|static_cast|const_cast|reinterpret_cast|new|delete|try|catch|throw|this|friend|explicit)\b"
    r"|#\s*include\s*<\w+>|\w&\s+\w|\w&&\s+\w|\w\s&\w+[,)]|\bstd\b"
)


def title(language: str) -> str:
    """How people write a language's name: "C++" for "cpp"."""
    return _TITLES[language]


def from_file_name(name: str) -> str | None:
    """The language that a file's suffix stands for, None if it stands for none of ours. `.h` is read as C."""
    return _BY_SUFFIX.get(PurePath(name).suffix.lower())


def detect(text: str) -> str:
    """The most likely language of any text, one of LANGUAGES; "python" where nothing speaks."""
    text = text[-_MAX_CHARACTERS:]
    scores = [0.0] * len(_FAMILIES)
    for cue, count in Counter(map(_cue, _CUE.findall(text))).items():
        for family, weight in _WEIGHTS.get(cue, ()):
            scores[family] += weight * min(count, _MAX_REPEATS)
    family = _FAMILIES[scores.index(max(scores))]  # the first of equals, so Python where nothing speaks
    if family == "javascript" and _TYPES.search(text):
        return "tsx" if _MARKUP.search(text) else "typescript"
    if family == "c" and _CPLUSPLUS.search(text):
        return "cpp"
    return family


def _cue(groups: tuple[str, str, str]) -> str:
    """The name under which the table knows what was cut out: itself, or the sort of thing it is."""
    comment, cue, string = groups
    if comment:
        return "//" if comment.startswith("//") else "#" if comment[0] == "#" else "/*"
    if string:
        return "'text'" if string[0] == "'" and len(string) > 4 else ""
    if cue in _WEIGHTS:
        return cue
    last = cue[-1]
    if last in "!=*&":
        return {"!": "name!", "=": "name="}.get(last, "type*")
    if cue[0] == "@":
        return "@Name" if cue[1].isupper() else "@name"
    if cue[0] == "#":
        return "#" + cue[1:].strip()
    if cue.startswith("__"):
        return "__name__" if cue.endswith("__") else "__name"
    if cue.endswith("_t"):
        return "name_t"
    if cue.isupper():
        return "NAME" if len(cue) > 3 else "N"
    if cue[0].isupper():
        return "Name"
    return "name_name" if "_" in cue else "name" if cue.islower() else "nameName"
