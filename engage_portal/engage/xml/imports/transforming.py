"""A tenant's own transformation (XSLT) of a finished import file."""

import hashlib
from pathlib import Path
from typing import Any

from lxml import etree

from engage_portal.engage.xml.content import FileType, Written
from engage_portal.engage.xml.errors import InvalidRecordError, UnusableTransformationError
from engage_portal.engage.xml.imports.checking import alone, records_in
from engage_portal.engage.xml.profile import TenantProfile

_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}


def transformation(path: Path) -> Any:
    """The XSLT in a file. It may read and write nothing else. Raises UnusableTransformationError."""
    try:
        sheet = etree.parse(str(path), etree.XMLParser(**_SAFE))
        return etree.XSLT(sheet, access_control=etree.XSLTAccessControl.DENY_ALL)
    except OSError:
        raise UnusableTransformationError("The transformation cannot be read.") from None
    except (etree.XMLSyntaxError, etree.XSLTParseError):
        raise UnusableTransformationError("The transformation is no XSLT.") from None


def transformed(path: Path, file_type: FileType, profile: TenantProfile, written: Written) -> Written:
    """Put a checked file through the tenant's transformation, in place; what the file is now.

    For as long as it takes the file is in memory as a whole, which is why a file has at most `MOST_LINES`. Raises
    UnusableTransformationError; then the file is as it was. Not to be called twice for a file, nor while somebody reads
    it.
    """
    if (xslt := profile.of(file_type).xslt) is None:
        return written
    root = _result(transformation(xslt), etree.parse(str(path), etree.XMLParser(**_SAFE)))
    content = b'<?xml version="1.0" encoding="utf-8"?>\n' + etree.tostring(root, encoding="utf-8")
    path.write_bytes(content)  # in place: who may read it stays as it was
    return written._replace(size=len(content), digest=hashlib.sha256(content).hexdigest())


def untransformable(path: Path, file_type: FileType, profile: TenantProfile) -> list[InvalidRecordError]:
    """The records of a checked file that the tenant's transformation fails on, in order, each as a file of its own.

    None where it fails on each of several: then they are not at fault. Raises UnusableTransformationError where the
    transformation can no longer be read.
    """
    part = profile.of(file_type)
    if part.xslt is None:
        return []
    apply, faults, count = transformation(part.xslt), list[InvalidRecordError](), 0
    with path.open("rb") as stream:
        for count, record in enumerate(records_in(stream, part), start=1):
            try:
                _result(apply, alone(record)[0])
            except UnusableTransformationError:
                # In no words of its own: a sheet's message may quote what stands in the record.
                sentence = "The transformation that the file profile names fails on it."
                faults.append(InvalidRecordError(count - 1, sentence))
    return [] if len(faults) == count > 1 else faults


def _result(apply: Any, document: Any) -> Any:
    try:
        return etree.fromstring(bytes(apply(document)), etree.XMLParser(strip_cdata=True, **_SAFE))
    except (etree.XSLTApplyError, etree.XMLSyntaxError):
        raise UnusableTransformationError("The transformation does not make XML of the file.") from None
