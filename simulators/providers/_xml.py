"""Opening a provider's XML with the standard parser, and saying in one sentence what is wrong with it. No file of a provider needs
a document type; one that has it is refused before it is parsed, and with it all entities and what they would load."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from simulators.providers._files import content, opened
from simulators.providers._place import Noted, at, noting
from streaming.errors import BadInput

Element = ElementTree.Element
#: the first byte of a text, or of its second byte order, that may be XML
_BEGINS = (b"<", b"\x00<", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_PROLOG_BYTES = 1 << 16


class _Root(Exception):
    """The root element has been reached: nothing of a document type comes after it."""


def document(path: Path) -> Element:
    """The root of an XML file."""
    body = content(path)
    refuse_types(path, io.BytesIO(body))
    try:
        return ElementTree.fromstring(body, _parser(path))
    except ElementTree.ParseError as error:
        raise broken(path, error) from error


def elements(path: Path, tag: str) -> Iterator[Element]:
    """Every element called ``tag``, read as a stream; what was handed out is emptied again."""
    with opened(path) as file:
        refuse_types(path, file)
    with opened(path) as file:
        try:
            for number, (_, element) in enumerate(ElementTree.iterparse(file, ("end",), _parser(path)), 1):
                if element.tag == tag:
                    at(path, f"element {number}")
                    yield element
                    element.clear()
        except ElementTree.ParseError as error:
            raise broken(path, error) from error


def refuse_types(path: Path, file: IO[bytes]) -> None:
    """Refuse XML with a document type. What is no XML passes: its own reader refuses it."""
    start = file.read(_PROLOG_BYTES)
    if not start.lstrip().startswith(_BEGINS):
        return
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise BadInput(f"{path} has a document type (<!DOCTYPE>): no file of a game needs one, and what it declares is not read")

    def root(*_: Any) -> None:
        raise _Root

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, root
    try:
        while start:
            parser.Parse(start, False)
            start = file.read(_PROLOG_BYTES)
    except (_Root, expat.ExpatError, LookupError, ValueError):
        return  # what is broken before the root is found by the reader that follows


class _NotedElement(Element):
    """An element that notes what is asked of it; only made while accesses are noted."""

    file: Path
    where: str

    def get(self, key: str, default: Any = None) -> Any:
        return Noted(super().attrib, self.file, self.where).get(key, default)

    @property
    def attrib(self) -> Any:  # type: ignore[override]
        return Noted(super().attrib, self.file, self.where)


def _parser(path: Path) -> Any:
    if not noting():
        return None
    seen: Counter[str] = Counter()

    def made(tag: str, attrib: dict[str, str]) -> Element:
        element = _NotedElement(tag, attrib)
        seen[tag] += 1
        element.file, element.where = path, f"{tag} {seen[tag]}"
        return element

    return ElementTree.XMLParser(target=ElementTree.TreeBuilder(element_factory=made))


def broken(path: Path, error: ElementTree.ParseError) -> BadInput:
    return BadInput(f"{path} is cut short or no XML: it cannot be read from line {error.position[0]} on")


def need(element: Element, name: str, path: Path) -> str:
    """An attribute that must be there; the complaint names file, element and attribute."""
    value = element.get(name, "").strip()
    if not value:
        raise BadInput(f"{path} has an element {element.tag} without {name}")
    return value


def instant_us(stamp: str, path: Path, what: str) -> int:
    """An ISO 8601 stamp in microseconds since the epoch; without a zone it is UTC."""
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        raise BadInput(f"{path} has {stamp!r} as {what} where a time belongs") from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
