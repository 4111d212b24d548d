"""The examples in docstrings, run as they stand there."""

from __future__ import annotations

import doctest
import importlib
from types import ModuleType

import pytest

import touchline
from tests.paths import ROOT


def modules_with_examples() -> list[str]:
    """Names of the product's modules that hold at least one ``>>>``. The text is read first, so that nothing else is imported."""
    paths = [ROOT / "touchline.py", *(path for name in touchline.PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if ">>> " in path.read_text("utf-8")]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("name", modules_with_examples())
def test_docstring_examples_give_what_they_show(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert examples, f"{name} has a >>> that no docstring holds, so it is never run"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for example in examples:
        failed, _ = runner.run(example)
        assert not failed, f"see the difference printed for {example.name}"


def test_modules_with_examples_are_found() -> None:
    found = modules_with_examples()
    assert len(found) > 10
    assert {"streaming.cli.parsing", "features.core.units", "streaming.wire.topics"} <= set(found)
