"""The house's rule of imports: each room knows only the rooms to its left, and none knows Streamlit or wakes torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dlcodegen_core

ROOT = Path(dlcodegen_core.__file__).parent
# From left to right; the rooms of one line know each other.
ROOMS = (
    {"storage", "config", "errors", "latency", "threads", "syntax_trees", "outbound"},
    {"data"},
    {"features"},
    {"retrieval"},
    {"models"},
    {"training"},
    {"registry"},
    {"feedback"},
    {"experiments"},
    {"inference"},
    {"explain"},
    {"evaluation"},
    {"export"},
    {"story"},
    {
        "service",
        "serving",
        "cli",
        "plain_values",
        "progress_bar",
        "tasks",
        "workshop",
        "explainer",
        "evaluator",
        "exporter",
        "answers",
    },
)
# The front doors: they may open onto any room.
DOORS = {"__init__", "__main__"}
PLACE = {room: place for place, rooms in enumerate(ROOMS) for room in rooms}
MODULES = sorted(ROOT.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports, also within functions and for type checking alone."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ("dlcodegen_core", *path.relative_to(ROOT).parent.parts)
            start = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, (start, node.module)))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def test_every_module_has_its_room() -> None:
    assert {_room(path) for path in MODULES} - DOORS == set(PLACE)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_never_imports_streamlit_or_the_pages(path: Path) -> None:
    foreign = {"streamlit", "pages", "workbench", "app", "benchmarks", "tests"}
    assert [(line, name) for line, name in _imports(path) if name.split(".")[0] in foreign] == []


@pytest.mark.parametrize("path", [path for path in MODULES if _room(path) not in DOORS], ids=_name)
def test_a_module_imports_only_from_its_own_room_and_from_those_to_its_left(path: Path) -> None:
    own = PLACE[_room(path)]
    parts = ((line, name.split(".")) for line, name in _imports(path))
    inner = [(line, names[1]) for line, names in parts if names[0] == "dlcodegen_core" and len(names) > 1]
    assert [(line, room) for line, room in inner if PLACE.get(room, len(ROOMS)) > own] == []


@pytest.mark.parametrize("module", ["dlcodegen_core", "dlcodegen_core.service", "dlcodegen_core.cli"])
def test_importing_the_front_of_the_house_does_not_wake_the_heavy_libraries(module: str) -> None:
    heavy = {"torch", "streamlit", "onnxruntime", "transformers", "chromadb", "sklearn", "pandas"}
    code = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == []


def test_making_the_service_does_not_wake_torch_or_touch_the_disk(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from dlcodegen_core import DLCodeGen, Settings
service = DLCodeGen(Settings(home=Path(sys.argv[1])))
print("torch" in sys.modules, Path(sys.argv[1]).exists())
service.close()
"""
    home = str(tmp_path / "home")
    done = subprocess.run([sys.executable, "-c", code, home], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", dlcodegen_core.__all__)
def test_a_public_name_resolves(name: str) -> None:
    assert getattr(dlcodegen_core, name).__name__ == name
    assert name in dir(dlcodegen_core)


def test_the_contracts_names_are_public() -> None:
    assert {"DLCodeGen", "TrainConfig", "Prediction"} <= set(dlcodegen_core.__all__)


def test_an_unknown_public_name_is_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = dlcodegen_core.Nothing
