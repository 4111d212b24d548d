"""No function takes more than can be read: what belongs together is handed over as one record."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGES = ("features", "models", "streaming", "simulators", "infra")
#: a compiled function takes numbers and records, but no keyword
MOST, MOST_OF_KERNEL = 8, 16


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    return " ".join(ast.unparse(decorator) for decorator in node.decorator_list)


def too_many(text: str) -> Iterator[tuple[str, int]]:
    """Functions of a module with more parameters than may be, with how many they have; a command's are its options."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if parameters and parameters[0].arg in ("self", "cls"):
            parameters = parameters[1:]
        if any(p.annotation is not None and "typer." in ast.unparse(p.annotation) for p in parameters):
            continue
        if len(parameters) > (MOST_OF_KERNEL if "kernel" in decorators(node) else MOST):
            yield node.name, len(parameters)


def positional_records(text: str) -> Iterator[tuple[str, int]]:
    """Dataclasses that are built from more positional values than a function may take, with how many."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ClassDef) or "dataclass" not in (how := decorators(node)) or "kw_only=True" in how:
            continue
        fields = 0
        for part in node.body:
            if isinstance(part, ast.AnnAssign):
                if ast.unparse(part.annotation) == "KW_ONLY":
                    break
                fields += not (part.value is not None and "init=False" in ast.unparse(part.value))
        if fields > MOST:
            yield node.name, fields


@pytest.mark.parametrize("package", PACKAGES)
def test_function_takes_at_most_eight_parameters_and_a_kernel_sixteen(package: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}": n for path in (ROOT / package).rglob("*.py") for name, n in too_many(path.read_text())
    }
    assert {function: n for function, n in found.items() if function not in ELSEWHERE} == {}


@pytest.mark.parametrize("package", ["features", "streaming"])
def test_record_of_more_than_eight_fields_is_built_by_keyword(package: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}": n
        for path in (ROOT / package).rglob("*.py")
        for name, n in positional_records(path.read_text())
    }
    assert found == {}


def test_parameter_rules_find_violations() -> None:
    wide = ", ".join("abcdefghi")
    assert list(too_many(f"def f({wide}): ...")) == [("f", 9)]
    assert list(too_many(f"class A:\n    def f(self, {wide[:-3]}): ...")) == []
    assert list(too_many(f"@kernel\ndef f({wide}): ...")) == []
    assert list(too_many(f"@kernel\ndef f({', '.join('abcdefghijklmnopq')}): ...")) == [("f", 17)]
    assert list(too_many("def f(" + ", ".join(f"{x}: Annotated[int, typer.Option()]" for x in "abcdefghi") + "): ...")) == []
    fields = "".join(f"    {x}: int\n" for x in "abcdefghi")
    assert list(positional_records(f"@dataclass\nclass A:\n{fields}")) == [("A", 9)]
    assert list(positional_records(f"@dataclass(kw_only=True)\nclass A:\n{fields}")) == []
    assert list(positional_records(f"@dataclass\nclass A:\n    _: KW_ONLY\n{fields}")) == []


#: mended with the rooms that they are in
ELSEWHERE = {"streaming/bench/flink.py: _step", "streaming/cli/run.py: _embedded", "streaming/cli/sending.py: send"}
