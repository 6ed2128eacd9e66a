"""The sandbox's page: what Engage is doing, two big buttons, every other fault, and what has arrived.

It works without JavaScript. With it the lists refresh themselves in place, so that nothing typed is ever
lost; without it `/?live=1` is the same page without the forms, reloading every three seconds.
"""

from html import escape

from engage_portal.sandbox.faults import ANYWHERE, MODE_WORDS, Fault
from engage_portal.sandbox.files import page as files_page
from engage_portal.sandbox.page_lists import activity
from engage_portal.sandbox.page_parts import button, clock_time
from engage_portal.sandbox.routes import ENDPOINTS
from engage_portal.sandbox.state import Engage, utc

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STATE_WORDS = {
    "up": "Engage is up",
    "down": "Engage is down",
    "hang": "Engage hangs",
    "slow": "Engage is slow",
    "500": "Engage answers 500",
    "504": "Engage answers 504",
    "html503": "Engage answers 503",
    "429": "Engage answers 429",
    "422": "Engage refuses everything",
    "lost_answer": "Engage loses its answers",
    "not_processed": "Engage accepts and forgets",
}
_CERTAIN = 1.0


def render(engage: Engage, *, is_live: bool, problem: str = "") -> str:
    """The whole page; `problem` is why the last form was refused."""
    refresh = '<meta http-equiv="refresh" content="3">' if is_live else ""
    link = (
        '<a href="/">Stop refreshing</a>'
        if is_live
        else '<a id="refresh" href="/?live=1">Refresh every 3 seconds</a>'
    )
    script = "" if is_live else '<script src="/live.js" defer></script>'
    alert = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    controls = "" if is_live else _fault_form() + _contact_form() + _article_switch(engage) + _more(engage)
    buttons = _switches(engage) + files_page.controls(engage)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{_title(engage)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
{script}</head>
<body>
<header><p class="brand">Engage sandbox</p>
<p>A stand-in for Voyado Engage. Everybody here is invented. {link}</p></header>
<main>
<div class="controls">{alert}<div role="status">{_state(engage)}</div>{buttons}{controls}</div>
<div class="activity" id="activity">{activity(engage)}</div>
</main>
<footer><p>API: <code>/api/v2</code>, <code>/api/v3</code> · State for programs: <a href="/state">/state</a> ·
Times are the tenant’s, Europe/Stockholm.</p></footer>
</body>
</html>
"""


def _title(engage: Engage) -> str:
    return f"{_headline(engage)[0]} – sandbox"


def _headline(engage: Engage) -> tuple[str, str]:
    """The state in words, and its class: on, off, or part for trouble that is only somewhere or sometimes."""
    active = engage.faults.active
    if not active:
        return _STATE_WORDS["up"], "on"
    first = active[0]
    if first.endpoint == ANYWHERE and first.probability == _CERTAIN:
        return _STATE_WORDS[first.mode], "off"
    return "Engage is up, with trouble", "part"


def _state(engage: Engage) -> str:
    words, style = _headline(engage)
    active = engage.faults.active
    since = f' <span class="since">since {clock_time(utc(active[0].since))}</span>' if style == "off" else ""
    faults = "".join(f"<li>{_fault_words(fault)}</li>" for fault in active)
    listed = f'<ul class="faults">{faults}</ul>' if active else '<p class="quiet">No fault is in force.</p>'
    return f'<div id="state" class="state {style}"><h1>{words}{since}</h1>{listed}</div>'


def _fault_words(fault: Fault) -> str:
    where = "everywhere" if fault.endpoint == ANYWHERE else f"on <code>{escape(fault.endpoint)}</code>"
    parts = [f"{escape(MODE_WORDS[fault.mode])} – {where}"]
    if fault.probability < _CERTAIN:
        parts.append(f"{fault.probability:.0%} of requests")
    if fault.times is not None:
        parts.append("once more" if fault.times == 1 else f"{fault.times} more times")
    if fault.delay_ms:
        parts.append(f"after {fault.delay_ms} ms")
    if fault.retry_after is not None:
        parts.append(f"Retry-After {fault.retry_after} s")
    return ", ".join(parts)


def _switches(engage: Engage) -> str:
    is_up = not engage.faults.active
    down = button("/faults", "Engage down", "big main" if is_up else "big", mode="down")
    up = button("/faults", "Engage up", "big" if is_up else "big main", mode="up")
    return f'<div class="switches" id="switches">{down}{up}</div>'


def _fault_form() -> str:
    modes = "".join(f'<option value="{mode}">{escape(words)}</option>' for mode, words in MODE_WORDS.items())
    places = "".join(f"<option>{escape(endpoint)}</option>" for endpoint in ENDPOINTS)
    numbers = "".join(
        (
            _number("probability", "Probability", "0 to 1", 'value="1" min="0" max="1" step="any"'),
            _number("times", "How many times", "empty: until cleared", 'min="1"'),
            _number("delay_ms", "Delay in ms", "for slow", 'value="2000" min="0" max="600000"'),
            _number("retry_after", "Retry-After in s", "for 429", 'min="0"'),
        )
    )
    return f"""<section><h2>Other faults</h2>
<form method="post" action="/faults" class="fields">
<label for="mode">What happens</label><select id="mode" name="mode">{modes}</select>
<label for="endpoint">Where</label>
<select id="endpoint" name="endpoint"><option value="*">Everywhere</option>{places}</select>
<div class="pair">{numbers}</div>
<button>Set this fault</button>
</form></section>"""


def _number(name: str, label: str, hint: str, extra: str) -> str:
    return (
        f'<div><label for="{name}">{label}</label><input id="{name}" name="{name}" type="number" '
        f'aria-describedby="{name}-hint" {extra}><small id="{name}-hint">{hint}</small></div>'
    )


def _contact_form() -> str:
    """What somebody who works in Engage would do there."""
    return """<section><h2>Change a contact in Engage</h2>
<form method="post" action="/contacts" class="fields">
<label for="contact">E-mail address or contact id</label>
<input id="contact" name="contact" value="anna@example.com" required>
<label for="attribute">Attribute</label>
<input id="attribute" name="attribute" value="city" aria-describedby="attribute-hint" required>
<small id="attribute-hint">or preferences.acceptsEmail, consents.memberConsent</small>
<label for="value">New value</label><input id="value" name="value" aria-describedby="value-hint">
<small id="value-hint">yes or no for preferences and consents</small>
<button>Change it</button></form></section>"""


def _article_switch(engage: Engage) -> str:
    is_blocked = engage.settings.refuse_article
    words, value = ("Unblock it", "no") if is_blocked else ("Block it", "yes")
    return f"""<section><h2>Refused receipts</h2>
<p>Article <code>REFUSE</code> is blocked: <strong>{"yes" if is_blocked else "no"}</strong>.
A receipt with it is {"refused as invalid" if is_blocked else "taken like any other"}.</p>
{button("/settings", words, "", refuse_article=value)}</section>"""


def _more(engage: Engage) -> str:
    numbers = f'value="{engage.settings.import_delay:g}" min="0" step="any"'
    return f"""<details><summary>Import delay, clock, start afresh</summary>
<form method="post" action="/settings" class="fields">
{_number("import_delay", "Import receipts after, in s", "Engage itself: 900", numbers)}
<button>Save</button></form>
{button("/advance", "Move the clock on 15 minutes", "", seconds="900")}
{button("/reset", "Start afresh: forget everything", "")}</details>"""
