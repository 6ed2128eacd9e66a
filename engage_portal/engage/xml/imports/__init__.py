"""The files that Engage imports: written from records, checked, and passed through the tenant's transformation."""

from engage_portal.engage.xml.imports.checking import check_file
from engage_portal.engage.xml.imports.contacts import carries
from engage_portal.engage.xml.imports.transforming import transformed, untransformable
from engage_portal.engage.xml.imports.writing import file_name, write_file

__all__ = ["carries", "check_file", "file_name", "transformed", "untransformable", "write_file"]
