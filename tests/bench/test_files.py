"""Both sides of the figure about import files do the same work, or their ratio says nothing."""

from pathlib import Path

from tests.bench import bare_files, files_once
from tests.engage_xml.examples import tree


def test_the_bare_files_say_the_same_as_the_checked_ones(tmp_path: Path) -> None:
    files_once.ours(tmp_path / "ours.xml", files_once.receipts(3))
    bare_files.write(tmp_path / "bare.xml", files_once.receipts(3))
    assert tree((tmp_path / "ours.xml").read_bytes()) == tree((tmp_path / "bare.xml").read_bytes())
