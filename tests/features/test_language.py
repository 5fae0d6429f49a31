"""Languages: known by their files' names, and recognised from their code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.features.language import LANGUAGES, detect, title

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.text("\x00\ud800'\"`/*#@ \\\n\t{}();:=a_A")

SNIPPETS = {
    "python": '''
class Basket:
    """What a customer is about to buy."""

    def total(self) -> float:
        return sum(item.price for item in self.items if not item.free)
''',
    "javascript": """
const total = (items) => {
  let sum = 0;
  items.forEach((item) => { sum += item.price; });
  return sum === 0 ? undefined : sum;
};
""",
    "typescript": """
interface Item {
  price: number;
  free?: boolean;
}
export const total = (items: Item[]): number => items.reduce((sum, item) => sum + item.price, 0);
""",
    "tsx": """
export function Row({ item }: RowProps) {
  const [open, setOpen] = useState<boolean>(false);
  return <li className="row" onClick={() => setOpen(!open)}>{item.name}</li>;
}
""",
    "java": """
public class Basket {
    private final List<Item> items = new ArrayList<>();

    public double total() {
        return items.stream().mapToDouble(Item::price).sum();
    }
}
""",
    "go": """
func (b *Basket) Total() (float64, error) {
	sum := 0.0
	for _, item := range b.items {
		sum += item.Price
	}
	return sum, nil
}
""",
    "rust": """
impl Basket {
    pub fn total(&self) -> f64 {
        self.items.iter().map(|item| item.price).sum()
    }
}
""",
    "c": """
#include <stddef.h>

double total(const struct item *items, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += items[i].price;
    return sum;
}
""",
    "cpp": """
#include <vector>

double total(const std::vector<Item>& items) {
    double sum = 0;
    for (const auto& item : items) sum += item.price;
    return sum;
}
""",
}


def test_every_language_has_a_title_for_people() -> None:
    assert [title(language) for language in LANGUAGES] == [
        "Python",
        "JavaScript",
        "TypeScript",
        "TSX",
        "Java",
        "Go",
        "Rust",
        "C",
        "C++",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_snippet_of_each_language_is_recognised(language: str) -> None:
    assert detect(SNIPPETS[language]) == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("def fetch(", "python"),
        ("for row in range(10):", "python"),
        ("from typing import Any", "python"),
        ("async function fetchData", "javascript"),
        ("import axios from 'axios'", "javascript"),
        ("const total = items.map(", "javascript"),
        ("private static final String NAME", "java"),
        ("if err != nil {", "go"),
        ("let mut total = ", "rust"),
        ("#include <stdio.h>", "c"),
        ("std::vector<int> values;", "cpp"),
    ],
)
def test_one_half_typed_line_is_enough(line: str, language: str) -> None:
    assert detect(line) == language


@pytest.mark.parametrize("text", ["", "   \n", "42", "\x00", "\ud800"])
def test_python_is_assumed_where_nothing_speaks(text: str) -> None:
    assert detect(text) == "python"


def test_words_inside_strings_do_not_speak() -> None:
    assert detect('print("public static final String NAME = new Thing();")') == "python"


def test_the_end_of_a_long_text_decides() -> None:
    assert detect(SNIPPETS["rust"] * 10 + SNIPPETS["python"] * 60) == "python"


@given(ANY_TEXT)
def test_any_text_gets_one_of_the_languages_and_always_the_same(text: str) -> None:
    assert detect(text) in LANGUAGES
    assert detect(text) == detect(text)
