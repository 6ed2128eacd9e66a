"""The local copy follows Engage's exports: files come in, wait for their turn, and are read in pieces.

What is said here holds for every kind of export. What the records of a kind mean is known by its reader (`readers.py`):
`members.py` of contacts, and those that other apps register.

A staff page needs: `take_upload` for a file that somebody sends, then the task `contacts.tasks.read_exports`; the rows
of `ExportFile` tell how far each is (`position` of `total`) and what came of it (`report`, `problem`); `try_again` and
`pass_over` for one that was rejected.
"""

from contacts.importing.intake import take_file, take_upload
from contacts.importing.naming import ImportRefusedError
from contacts.importing.reading import read_next
from contacts.importing.reporting import Report
from contacts.importing.turns import in_the_way, pass_over, try_again

__all__ = [
    "ImportRefusedError",
    "Report",
    "in_the_way",
    "pass_over",
    "read_next",
    "take_file",
    "take_upload",
    "try_again",
]
