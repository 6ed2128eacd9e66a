"""Our own schemas of the import files, in a tenant's names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from engage_portal.engage.xml.content import FileType
from engage_portal.engage.xml.profile import DEFAULT_PROFILE, ImportProfile

_FOLDER = Path(__file__).parent / "schemas"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_SCHEMA = "<xs:schema "


def schema_of(file_type: FileType, profile: ImportProfile, record: str) -> Any:
    """The schema of a tenant's files whose record element is called so."""
    tree = _tree(file_type)
    default = DEFAULT_PROFILE.of(file_type)
    frame = {default.root: profile.root, default.section: profile.section, default.record or "member": record}
    for element, parent, name in list(_elements(tree)):
        is_frame = parent in {"", default.root, default.section} and name in frame
        element.set("name", frame[name] if is_frame else _theirs(profile, parent, name))
    text = etree.tostring(tree, encoding="unicode")
    if profile.namespace:
        namespace = quoteattr(profile.namespace)
        text = text.replace(_SCHEMA, f"{_SCHEMA}targetNamespace={namespace} xmlns={namespace} ", 1)
    return etree.XMLSchema(etree.fromstring(text))


def places(file_type: FileType) -> set[tuple[str, str]]:
    """Every element that a file may have, by Engage's names, each with the one above."""
    return {(parent, name) for _, parent, name in _elements(_tree(file_type))}


def _theirs(profile: ImportProfile, parent: str, name: str) -> str:
    return profile.fields.get(f"preferences.{name}") or profile.name(name, parent)


def _tree(file_type: FileType) -> Any:
    parser = etree.XMLParser(remove_comments=True)
    return etree.parse(str(_FOLDER / f"{file_type.value}.xsd"), parser).getroot()


def _elements(tree: Any) -> Iterator[tuple[Any, str, str]]:
    """Each element that is declared, with the name of the one in which it stands, and its own."""
    for element in tree.iter(f"{_XS}element"):
        above = next(
            each for each in element.iterancestors() if each.get("name") or each.tag == f"{_XS}schema"
        )
        parent = above.get("name", "")
        yield element, parent[:1].lower() + parent[1:], element.get("name")
