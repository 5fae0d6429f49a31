"""What the baselines see of the training files."""

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.evaluation.baselines.training_lines import last_characters, last_lines, training_lines

TEXT = "".join(f"line_number_{number}\n" for number in range(30))


def test_the_context_is_the_indentation_and_eight_lines_before_it() -> None:
    assert last_lines("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n    ") == "2\n3\n4\n5\n6\n7\n8\n9\n    "
    assert last_lines("") == ""


def test_an_embedded_context_is_200_characters() -> None:
    assert last_characters("a" * 500 + "b") == "a" * 199 + "b"


def test_every_line_comes_with_what_stood_before_it() -> None:
    lines = training_lines([SourceFile("a.py", TEXT, "python")], 100, 0)
    assert len(lines) == 29
    for line in lines:
        assert f"{line.context}{line.line}\n" in TEXT
        assert len(line.context.split("\n")) <= 9


def test_the_limit_and_the_seed_decide() -> None:
    files = [SourceFile("a.py", TEXT, "python")]
    assert training_lines(files, 5, 0) == training_lines(files, 5, 0) != training_lines(files, 5, 1)
    assert len(training_lines(files, 5, 0)) == 5


def test_a_line_after_nothing_but_blank_lines_is_left_out() -> None:
    text = "first_name = 1\n" + "\n" * 20 + "second_name = 2\nthird_name = 3\n"
    assert [line.line for line in training_lines([SourceFile("a", text, None)], 9, 0)] == ["third_name = 3"]
