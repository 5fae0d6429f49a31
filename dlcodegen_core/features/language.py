"""Which programming language a text is written in: told from a file's name, or from the text's own look.

Detection adds up weighted cues (keywords, operators, the way lines end) and answers with the best sum, so it works on
one half-typed line as on a whole file. It is no parser and never says "unknown": where nothing speaks it is Python.
"""

import re
from collections import Counter

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

# Only the end of a long text is looked at, and a cue that keeps repeating soon stops adding.
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

# What each cue is worth to each family of languages (families are told apart before their members): log-odds from a
# logistic regression on code of many projects, rounded to halves. Besides words and signs as they stand there are sorts
# of words (Name, nameName, name_name, NAME, N, __name__, __name, name_t), name= as in f(name=1), type* as in `int *p`,
# name! as in println!, 'text' for a quoted string of more than two characters, and tab. One of ; { } : , ) or a
# backslash stands for a line that ends with it.
_CUES: dict[str, dict[float, str]] = {
    "python": {
        3.5: "def",
        3: ": None elif raise",
        2.5: '""" @name __name__ assert except isinstance nonlocal print',
        2: "# ''' False True cls lambda self yield",
        1.5: "append as from kwargs name= name_name str",
        1: "del dict in list name not or pass range tuple",
        0.5: "'text' ** , N and args async else import int32 is len operator return try with",
        -0.5: (
            "#[ #if #include /> </ => NAME String System any break const err error false for int "
            "interface new public ref struct this true type* void }"
        ),
        -1: "&& ++ /* :: default if number static tab type ||",
        -1.5: "case",
        -2: "// {",
        -4: ";",
    },
    "javascript": {
        3.5: "!== === exports function",
        3: "=> className console const",
        2.5: "'text' </ export extends keyof let require this undefined var",
        2: "/> ?. ?? Promise document from prototype readonly typeof",
        1.5: "Error JSON catch module string unknown",
        1: (
            "... Array Object ` any async await case declare instanceof name= nameName new null number "
            "props throw type window"
        ),
        0.5: (
            "++ , /* Map NAME __name boolean break class default else except false if implements "
            "interface mod name ref return super true use with ||"
        ),
        -0.5: (
            '""" Class Exception NULL Name Some String T __name__ append char enum impl import in len '
            "name_name public static std type*"
        ),
        -1: "# :: bool struct",
        -1.5: "->",
        -2: "int",
    },
    "java": {
        4: "@Name",
        3.5: "public throws",
        3: "System private",
        2.5: "String final package",
        2: "Exception Integer Override implements new protected",
        1.5: "List abstract boolean case instanceof null synchronized this",
        1: "; ArrayList Class Map Object byte catch char class enum int long nameName throw try void",
        0.5: ("/* <? NAME T className double else extends for import in interface map number static super type"),
        -0.5: (
            "# // N __name as async auto bool error exports fn from function len let mod name= print "
            "printf self str string tab use while"
        ),
        -1: "'text' : Error const err struct {",
        -1.5: "name_name",
    },
    "go": {
        4.5: ":= func tab",
        4: "package",
        3: "defer nil",
        2.5: "chan fmt var",
        2: "<- float64 int32 int64 switch type uint32 uint64 uint8",
        1.5: "err go import testing",
        1: "` byte ctx error interface map range string struct",
        0.5: "Name String append args assert case const int len make true type*",
        -0.5: "# 'text' T __name as enum if in name= number return self static str while",
        -1: ", -> class else from name_name",
        -1.5: "/* N NAME",
        -3.5: ";",
    },
    "rust": {
        4.5: "#[",
        3.5: "Ok fn name!",
        3: "#![ => Some impl let mut pub",
        2.5: ":: crate self trait",
        2: "Err Vec dyn f32 f64 i32 i64 match mod u32 u64 u8 unwrap use usize",
        1.5: "Box Option Result Self in static",
        1: ".. None error for unsafe where",
        0.5: "# 'text' Error N String T any as false fmt loop name_name not number ref str struct { }",
        -0.5: (
            "&& /* auto break case const default else list map module name= nameName string switch this true type void"
        ),
        -1: "++ : int interface",
        -1.5: "NAME class import",
        -2: "return",
    },
    "c": {
        4.5: "#define #include",
        4: "#endif #ifndef",
        3.5: "#if #ifdef #pragma #undef NULL type*",
        3: "#else constexpr int main name_t namespace noexcept nullptr size_t typedef",
        2.5: "#elif :: \\ auto printf sizeof std template typename unsigned virtual void",
        2: "inline static_cast tab uint32_t",
        1.5: "-> NAME __name char const const_cast double extern float goto name_name operator struct",
        1: "; __name__ bool enum friend long private public short signed static union using",
        0.5: "# && ** ++ /* // : define if impl include name= raise",
        -0.5: (
            "'text' , .. ... @Name Error String ` case else exports false fmt in let mod name! nameName "
            "number package pub require var"
        ),
        -1: "interface type",
        -1.5: "use",
        -2: "import",
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


def detect(text: str) -> str:
    """The most likely language of any text, one of LANGUAGES; "python" where nothing speaks."""
    text = text[-_MAX_CHARACTERS:]
    scores = [0.0] * len(_FAMILIES)
    for cue, count in Counter(map(_cue, _CUE.findall(text))).items():
        for index, weight in _WEIGHTS.get(cue, ()):
            scores[index] += weight * min(count, _MAX_REPEATS)
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
    cue = cue.replace(" ", "").replace("\t", "tab")
    if cue in _WEIGHTS:
        return cue
    if cue[0] == "@":
        return "@Name" if cue[1].isupper() else "@name"
    if not (cue[0].isalpha() or cue[0] in "_$"):
        return ""
    if cue[-1] in "!=*&":
        return {"!": "name!", "=": "name="}.get(cue[-1], "type*")
    if cue.startswith("__"):
        return "__name__" if cue.endswith("__") else "__name"
    if cue.endswith("_t"):
        return "name_t"
    if cue.isupper():
        return "NAME" if len(cue) > 3 else "N"
    if cue[0].isupper():
        return "Name"
    return "name_name" if "_" in cue else "name" if cue.islower() else "nameName"
