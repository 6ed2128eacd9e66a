"""The file jobs on the sandbox's page: what waits, what became of each file, exports to look at."""

from html import escape
from itertools import islice
from urllib.parse import urlencode

from engage_portal.sandbox.answers import Record
from engage_portal.sandbox.files import report
from engage_portal.sandbox.files.folders import EXPORTS, IMPORTS, Folders
from engage_portal.sandbox.page_parts import button, clock_time, section, table
from engage_portal.sandbox.state import Engage, utc

_SHOWN = 15
_LINES = 20


def controls(engage: Engage) -> str:
    """The state of the import job, and its buttons; nothing where this sandbox has no folders."""
    if engage.folders is None:
        return ""
    runs = engage.settings.imports_run
    words = f"runs every {engage.settings.file_interval:g} s" if runs else "does not run: files stay"
    stop = ("Stop the import job", "no") if runs else ("Let the import job run", "yes")
    imports = button("/files/run", "Import files now", "", what="import")
    exports = button("/files/run", "Write exports now", "", what="export")
    switch = button("/settings", stop[0], "" if runs else "main", imports_run=stop[1])
    return f"""<section id="files"><h2>Import and export files</h2>
<p>The import job <strong class="{"" if runs else "dropped"}">{words}</strong>.
Folders: <code>{escape(str(engage.folders.root))}</code></p>
<div class="buttons">{imports}{exports}{switch}</div></section>"""


def lists(engage: Engage) -> str:
    """Files that wait, files that were taken, exports."""
    if engage.folders is None:
        return ""
    log = report.log(engage)[::-1][:_SHOWN]
    outcomes = "".join(_outcome(one) for one in log)
    return (
        section("Files in the import folders", _waiting(engage.folders))
        + section(
            "Files imported: the integration log",
            f'<ul class="outcomes">{outcomes}</ul>'
            if log
            else '<p class="empty">No file has been taken yet.</p>',
        )
        + section("Exports", _exports(engage.folders))
    )


def _waiting(folders: Folders) -> str:
    rows = [(kind, one.name, "waits for the job") for kind in IMPORTS for one in folders.waiting(kind)]
    rows += [(kind, one.name, "ignored: no .xml") for kind in IMPORTS for one in folders.unfinished(kind)]
    if not rows:
        return '<p class="empty">Nothing waits.</p>'
    cells = [(f"<code>{escape(name)}</code>", escape(kind), words) for kind, name, words in rows[:_SHOWN]]
    more = f'<p class="quiet">and {len(rows) - _SHOWN} more</p>' if len(rows) > _SHOWN else ""
    return table(("File", "Holds", "State"), cells) + more


def _outcome(record: Record) -> str:
    is_bad = record["failed"] or record["skipped"] or record["dropped"]
    title = (
        f"{clock_time(utc(record['at']))} <code>{escape(record['name'])}</code>"
        f'<span class="{"dropped" if is_bad else "quiet"}">{escape(record["words"])}</span>'
    )
    lines = "".join(f"<li>{escape(line)}</li>" for line in islice(record["lines"], _LINES))
    hidden = len(record["lines"]) + record["unwritten"] - _LINES
    lines += f'<li>and {hidden} more lines, see <a href="/files">/files</a></li>' if hidden > 0 else ""
    return f"<li>{title}{f'<ol>{lines}</ol>' if lines else ''}</li>"


def _exports(folders: Folders) -> str:
    newest = folders.exports()[:_SHOWN]
    if not newest:
        return '<p class="empty">No export has been written yet: nothing has changed.</p>'
    kinds = {folder: kind for kind, folder in EXPORTS.items()}
    rows = [
        (
            f'<a href="/files/export?{urlencode({"name": one.name})}"><code>{escape(one.name)}</code></a>',
            kinds[str(one.parent.relative_to(folders.root))],
            f'<span class="number">{one.stat().st_size / 1000:,.1f} kB</span>',
        )
        for one in newest
    ]
    return table(("File", "Holds", "Size"), rows)
