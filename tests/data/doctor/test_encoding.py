"""Garbled characters, and real texts of many languages that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.doctor.encoding import wrong_encoding

TEXTS = [
    "# Größe der Straße: 5 µm ± 3 %, „so“ – und ‚anders‘",
    "# « L’été dernier… », dit-il : « C’était à Orléans — déjà ! »",
    '# Il a été…" et là…” ÂGE, «PÂTÉ»',
    "# ¿Dónde está el niño? ¡Aquí, señor! 1.º, 2.ª",
    "# NÃO, «IRMû, coração, avô, três, MAÇû!",
    "# Þetta er íslenska: ÐÞÆÖ, það",
    "# Přílišžluťoučký kůň úpěl ďábelské ódy",
    "# Zażółć gęślą jaźń – „cytat”",
    "# Съешь же ещё этих мягких французских булок, № 5, «да»",
    "# Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
    "# Chữ quốc ngữ: đâu đấy, ÂM NHẠC",
    "# 日本語のコメント、テスト。",
    "# 中文注释,测试。「引号」",
    "# 한국어 주석",
    "# هذا تعليق بالعربية",
    "# זו הערה בעברית",
    "# emoji 🎉 → ✓ … “quotes” ‘here’ — € £ © ® ™ ° ² ½",
]
GARBLED = [
    "café",
    "naïve façade",
    "Größe",
    "don’t",
    "“quoted”",
    "a – b…",
    "5 °C",
    "© 2020",
    "100 €",
    "🎉",
    "привет",
    "日本語",
    "Ελλάδα",
    "→ ✓",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_people_write_is_sound(text: str) -> None:
    assert wrong_encoding(text) == ""


def test_the_standard_library_is_sound() -> None:
    assert [pair for pair in standard_library_pairs(1000) if wrong_encoding(pair.prompt + pair.target)] == []


@pytest.mark.parametrize("text", GARBLED)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf_8_read_in_a_western_encoding_is_found(text: str, encoding: str) -> None:
    # what Windows leaves undefined stays a control character, as in browsers and editors
    garbled = "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in f"print('{text}')".encode())
    assert wrong_encoding(garbled)


def test_russian_read_in_windows_1251_is_found() -> None:
    assert wrong_encoding("# " + "привет мир".encode().decode("cp1251", "replace"))


def test_a_lost_character_is_found_and_told() -> None:
    assert wrong_encoding("caf\ufffd") == "� stands where a character was lost"


def test_western_quotes_read_as_latin_1_are_found() -> None:
    assert wrong_encoding("don’t".encode("cp1252").decode("latin-1"))


@given(st.text())
def test_any_text_can_be_asked_about_and_plain_text_is_sound(text: str) -> None:
    assert isinstance(wrong_encoding(text), str)
    assert wrong_encoding(text.encode("ascii", "ignore").decode()) == ""
