"""The house rules that a linter does not know."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "newsletter").rglob("*.py"))


def lines(path: Path) -> int:
    """Count the lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=lambda path: str(path.name)
)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    """Two reasons to change hide in a long file."""
    assert lines(path) <= 400


def test_the_median_module_has_at_most_150_lines() -> None:
    """Empty package files do not count."""
    assert statistics.median(lines(path) for path in MODULES if lines(path) > 5) <= 150


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.name))
def test_no_function_is_longer_than_50_lines(path: Path) -> None:
    """A function that needs scrolling has parts with names of their own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    migrations = "migrations" in path.parts

    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= 50 and not migrations]

    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.name))
def test_every_field_of_a_dataclass_says_what_it_means(path: Path) -> None:
    """Settings pages are generated from these sentences."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        f"{node.name}.{target}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "dataclass" in "".join(map(ast.dump, node.decorator_list))
        for target in fields_without_docstring(node)
    ]

    assert silent == []


def fields_without_docstring(node: ast.ClassDef) -> list[str]:
    """Return the names of annotated fields that no string follows."""
    names = []
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if field.target.id.startswith("_") or "ClassVar" in ast.unparse(field.annotation):
            continue
        if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
            names.append(field.target.id)
    return names
