"""Engage's XML files: the only package that imports lxml. No Django in here."""

from engage_portal.engage.xml.errors import BadNamesError, UnreadableExportError
from engage_portal.engage.xml.exports import Record, Survey, records, survey
from engage_portal.engage.xml.names import DEFAULT_NAMES, ExportNames, Section, names_from

__all__ = [
    "DEFAULT_NAMES",
    "BadNamesError",
    "ExportNames",
    "Record",
    "Section",
    "Survey",
    "UnreadableExportError",
    "names_from",
    "records",
    "survey",
]
