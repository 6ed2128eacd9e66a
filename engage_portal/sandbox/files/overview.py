"""What the control API tells about folders and files."""

from engage_portal.sandbox.answers import Answer, Record
from engage_portal.sandbox.files import report
from engage_portal.sandbox.files.folders import IMPORTS
from engage_portal.sandbox.files.job import folders_of
from engage_portal.sandbox.state import Engage


def overview(engage: Engage) -> Record:
    """Where the folders are, what waits in them, what became of each file (newest last), which exports lie there."""
    if engage.folders is None:
        return {"root": None, "importsRun": False, "waiting": [], "unfinished": [], "log": [], "exports": []}
    folders = engage.folders
    return {
        "root": str(folders.root),
        "importsRun": engage.settings.imports_run,
        "waiting": [{"kind": kind, "name": one.name} for kind in IMPORTS for one in folders.waiting(kind)],
        "unfinished": [
            {"kind": kind, "name": one.name} for kind in IMPORTS for one in folders.unfinished(kind)
        ],
        "log": report.log(engage),
        "exports": [one.name for one in reversed(folders.exports())],
    }


def download(engage: Engage, name: str) -> Answer:
    """An export's content. Raises ValueError for a name that is none of theirs."""
    found = next((one for one in folders_of(engage).exports() if one.name == name), None)
    if found is None:
        raise ValueError("there is no such export")
    headers = (("Content-Disposition", f'attachment; filename="{found.name}"'),)
    return Answer(200, found.read_bytes(), "application/xml; charset=utf-8", headers)
