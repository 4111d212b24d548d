"""For the documentation's site: docstrings here are ``name : description``, since the type stands in the signature.

mkdocstrings expects ``name : type`` and would show the text as a type; this puts it where it belongs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import griffe

#: what the page of the API shows; nothing else is parsed
SHOWN: Final = tuple(re.findall(r"^::: (\S+)", Path("docs/api.md").read_text("utf-8"), re.MULTILINE))


class TypesFromSignatures(griffe.Extension):
    """The text after a parameter's or an attribute's name is its description."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        todo: list[Any] = [pkg]
        while todo:
            each = todo.pop()
            if each.is_alias:
                continue
            todo += each.members.values()
            if each.docstring and f"{each.path}.".startswith(tuple(f"{name}." for name in SHOWN)):
                for section in each.docstring.parsed:
                    if section.kind in (griffe.DocstringSectionKind.parameters, griffe.DocstringSectionKind.attributes):
                        for item in section.value:
                            _swap(each, item)


def _swap(owner: Any, item: Any) -> None:
    if item.description or item.annotation is None:
        return
    function = owner.members.get("__init__", owner) if owner.is_class else owner
    types = {parameter.name: parameter.annotation for parameter in getattr(function, "parameters", ())}
    item.description, item.annotation = str(item.annotation), types.get(item.name)
