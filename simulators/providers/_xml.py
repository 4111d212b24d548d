"""Opening a provider's XML with the standard parser, and saying in one sentence what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from simulators.providers._files import content, opened
from streaming.errors import BadInput

Element = ElementTree.Element


def document(path: Path) -> Element:
    """The root of an XML file."""
    try:
        return ElementTree.fromstring(content(path))
    except ElementTree.ParseError as error:
        raise broken(path, error) from error


def elements(path: Path, tag: str) -> Iterator[Element]:
    """Every element called ``tag``, read as a stream; what was handed out is emptied again."""
    with opened(path) as file:
        try:
            for _, element in ElementTree.iterparse(file):
                if element.tag == tag:
                    yield element
                    element.clear()
        except ElementTree.ParseError as error:
            raise broken(path, error) from error


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
        at = datetime.fromisoformat(stamp)
    except ValueError:
        raise BadInput(f"{path} has {stamp!r} as {what} where a time belongs") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
