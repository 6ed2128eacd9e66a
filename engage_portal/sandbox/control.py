"""Everything outside /api: page, faults, settings, clock. For people and tests; Engage has none of it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engage_portal.sandbox import contacts, facts, page
from engage_portal.sandbox.answers import Answer, ApiError, Record, as_json, redirect
from engage_portal.sandbox.answers import page as html
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.contact_rules import ignored_fields
from engage_portal.sandbox.files import job, overview
from engage_portal.sandbox.routes import endpoint
from engage_portal.sandbox.state import Engage, Settings, shown

_HERE = Path(__file__).parent
_FILES = {
    "/style.css": ((_HERE / "style.css").read_bytes(), "text/css; charset=utf-8"),
    "/live.js": ((_HERE / "live.js").read_bytes(), "text/javascript; charset=utf-8"),
}
_SECURITY = (
    ("Content-Security-Policy", page.POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # with no-referrer a browser sends our own forms with `Origin: null`
    ("Cache-Control", "no-store"),
)
_Control = Callable[[Engage, Call], Answer]


def answer(engage: Engage, call: Call) -> Answer:
    """Answer a call for the sandbox's own addresses; writes from another site's page are refused."""
    control = _CONTROLS.get((call.method, call.path))
    if call.method == "HEAD":
        control = _CONTROLS.get(("GET", call.path))
    if control is None:
        return as_json({"error": "There is nothing here. The page is at /."}, 404)
    if call.method not in {"GET", "HEAD"} and not is_same_origin(call):
        return as_json({"error": "This came from another site's page."}, 403)
    try:
        with engage.lock:
            found = control(engage, call)
    except (TypeError, ValueError) as error:
        found = _refused(engage, call, str(error))
    return Answer(found.status, found.body, found.content_type, (*found.headers, *_SECURITY))


def is_same_origin(call: Call) -> bool:
    """Whether a write comes from our own page, or from no browser at all (no Origin header)."""
    origin = call.headers.get("origin")
    if call.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        return False
    return origin is None or origin.partition("://")[2] == call.headers.get("host")


def _page(engage: Engage, call: Call) -> Answer:
    return html(page.render(engage, is_live=call.query.get("live") == "1"))


def _state(engage: Engage, _call: Call) -> Answer:
    return as_json(engage.summary())


def _health(_engage: Engage, _call: Call) -> Answer:
    return as_json({"status": "ok"})


def _file(_engage: Engage, call: Call) -> Answer:
    body, content_type = _FILES[call.path]
    return Answer(200, body, content_type)


def _list_faults(engage: Engage, _call: Call) -> Answer:
    return as_json({"mode": engage.faults.mode, "faults": [asdict(fault) for fault in engage.faults.active]})


def _set_fault(engage: Engage, call: Call) -> Answer:
    data = call.form_or_json()
    if not data.get("mode"):
        raise ValueError("mode is missing")
    engage.faults.set(
        str(data["mode"]),
        endpoint=endpoint(str(data.get("endpoint") or "*")),
        probability=float(_given(data, "probability", 1.0)),
        times=_whole(data, "times"),
        delay_ms=_whole(data, "delay_ms") or 0,
        retry_after=_whole(data, "retry_after"),
    )
    return _done(engage, call, _list_faults)


def _clear_faults(engage: Engage, call: Call) -> Answer:
    engage.faults.clear()
    return _done(engage, call, _list_faults)


def _set_settings(engage: Engage, call: Call) -> Answer:
    data = call.form_or_json()
    defaults = asdict(Settings())
    unknown = sorted(set(data) - set(defaults))
    if unknown:
        raise ValueError(f"unknown setting: {', '.join(unknown)}; there are {', '.join(defaults)}")
    engage.configure(**{name: _like(defaults[name], value, name) for name, value in data.items()})
    return _done(engage, call, lambda engage, _: as_json(shown(engage.settings)))


def _change_contact(engage: Engage, call: Call) -> Answer:
    """Somebody at Engage changes one value of a contact, or deletes it; `contact` is an id or an e-mail address."""
    data = call.form_or_json()
    contact = _contact(engage, str(data.get("contact") or ""))
    name = str(data.get("attribute") or "").strip()
    if not name and not _is_yes(data.get("delete")):
        raise ValueError("attribute is missing: a name such as city, or preferences.acceptsEmail")
    try:
        if _is_yes(data.get("delete")):
            contacts.remove(engage, contact)
        else:
            contact = contacts.update(engage, contact, _flat(engage, name, data.get("value")))
    except ApiError as refusal:
        engage.store.rollback()
        raise ValueError("; ".join(refusal.errors) or refusal.message) from None
    engage.store.commit()
    return _done(engage, call, lambda *_: as_json(contacts.envelope(contact)))


def _contact(engage: Engage, text: str) -> Record:
    text = text.strip()
    found = engage.store.get("contact", text.lower())
    several = [found] if found else engage.with_key("email", text) if text else []
    if len(several) != 1:
        raise ValueError("contact must be the id or the e-mail address of one contact")
    return several[0]


def _flat(engage: Engage, name: str, value: Any) -> Record:
    """One value as a flat contact holds it; a form sends words for yes and no."""
    part, _, rest = name.partition(".")
    if part == "preferences":
        return {"preferences": {rest: _is_yes(value)}}
    if part == "consents":
        dated = {"id": rest, "value": _is_yes(value), "date": engage.local_iso(), "source": "Engage"}
        return {"consents": [dated]}
    if ignored_fields({name: value}):
        raise ValueError(f"{name} is no attribute of this tenant")
    return {name: value}


def _is_yes(value: Any) -> bool:
    return str(value).strip().lower() in {"true", "yes", "1", "on"}


def _list_files(engage: Engage, _call: Call) -> Answer:
    return as_json(overview.overview(engage))


def _run_files(engage: Engage, call: Call) -> Answer:
    """Run the import job, the export job or both at once, even while the import job does not run by itself."""
    what = str(call.form_or_json().get("what") or "both")
    if what not in {"import", "export", "both"}:
        raise ValueError("what must be import, export or both")
    job.folders_of(engage)
    if what != "export":
        job.run_imports(engage)
    if what != "import":
        job.run_exports(engage)
    return _done(engage, call, _list_files)


def _export_file(engage: Engage, call: Call) -> Answer:
    return overview.download(engage, call.query.get("name", ""))


def _facts(engage: Engage, _call: Call) -> Answer:
    return as_json(facts.facts(engage))


def _reset(engage: Engage, call: Call) -> Answer:
    engage.reset()
    return _done(engage, call, _list_faults)


def _advance(engage: Engage, call: Call) -> Answer:
    seconds = float(_given(call.form_or_json(), "seconds", 0))
    if seconds <= 0:
        raise ValueError("seconds must be above 0")
    engage.advance(seconds)
    return _done(engage, call, lambda engage, _: as_json({"now": engage.now().isoformat()}))


def _done(engage: Engage, call: Call, shown: _Control) -> Answer:
    """A browser goes back to the page, a program gets JSON."""
    return redirect("/") if _is_form(call) else shown(engage, call)


def _refused(engage: Engage, call: Call, reason: str) -> Answer:
    if _is_form(call):
        return html(page.render(engage, is_live=False, problem=reason), 400)
    return as_json({"error": reason}, 400)


def _is_form(call: Call) -> bool:
    return call.media_type == "application/x-www-form-urlencoded"


def _given(data: Record, name: str, default: float) -> Any:
    value = data.get(name)
    return default if value is None or value == "" else value


def _whole(data: Record, name: str) -> int | None:
    value = data.get(name)
    if value is None or value == "":
        return None
    number = int(value)
    if number < 0:
        raise ValueError(f"{name} must not be negative")
    return number


def _like(default: Any, value: Any, name: str) -> Any:
    """A setting's value in the type of its default; forms send words."""
    if isinstance(default, bool):
        if str(value).lower() not in {"true", "false", "yes", "no", "1", "0"}:
            raise ValueError(f"{name} must be yes or no")
        return str(value).lower() in {"true", "yes", "1"}
    if isinstance(default, tuple):
        return [str(part).strip() for part in (value.split(",") if isinstance(value, str) else value) if part]
    if isinstance(default, str):
        return str(value).strip()
    number = type(default)(value)
    if number < 0:
        raise ValueError(f"{name} must not be negative")
    return number


_CONTROLS: dict[tuple[str, str], _Control] = {
    ("GET", "/"): _page,
    ("GET", "/state"): _state,
    ("GET", "/healthz"): _health,
    ("GET", "/style.css"): _file,
    ("GET", "/live.js"): _file,
    ("GET", "/faults"): _list_faults,
    ("POST", "/faults"): _set_fault,
    ("DELETE", "/faults"): _clear_faults,
    ("POST", "/settings"): _set_settings,
    ("POST", "/contacts"): _change_contact,
    ("GET", "/files"): _list_files,
    ("GET", "/files/export"): _export_file,
    ("POST", "/files/run"): _run_files,
    ("GET", "/facts"): _facts,
    ("POST", "/reset"): _reset,
    ("POST", "/advance"): _advance,
}
