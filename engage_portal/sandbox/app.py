"""The WSGI program: faults first, then the gate, then the API; everything outside /api is the demo's page."""

import time
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from engage_portal.sandbox import bulk, control, receipts, routes, seeds, watch
from engage_portal.sandbox.answers import Answer, ApiError, ConnectionDropped, NeverAnswered, Record
from engage_portal.sandbox.call import Call
from engage_portal.sandbox.faults import Fault, Struck
from engage_portal.sandbox.files import job
from engage_portal.sandbox.files.folders import Folders
from engage_portal.sandbox.gate import Gate
from engage_portal.sandbox.receipt_rules import errors_in
from engage_portal.sandbox.state import Engage, SeenRequest, Settings
from engage_portal.sandbox.webhooks import Sender

CLIENT_GONE = "engage_sandbox.client_gone"
"""In the WSGI environment: the real server's `() -> bool`, whether the client has left. Lets `hang` wait."""

StartResponse = Callable[..., Any]
_WRITES = {"POST", "PATCH", "PUT", "DELETE"}


class Sandbox:
    """The WSGI callable. `engage` is its state, `gate` its header and pace rules."""

    def __init__(self, engage: Engage, gate: Gate, sender: Sender, ticker: job.Ticker | None = None) -> None:
        self.engage = engage
        self.gate = gate
        self._sender = sender
        self._ticker = ticker

    def __call__(self, environ: Record, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Raises ConnectionDropped where a fault ends it without an answer."""
        call = Call.from_environ(environ)
        if call.path.startswith("/api/"):
            answer = self._api(call, environ.get(CLIENT_GONE))
        else:
            answer = control.answer(self.engage, call)
        headers = [("Content-Length", str(len(answer.body))), *answer.headers]
        if answer.body:
            headers.append(("Content-Type", answer.content_type))
        start_response(f"{answer.status} {_phrase(answer.status)}", headers)
        return [answer.body]

    def close(self) -> None:
        """Stop the file jobs, stop sending webhooks and close the state file."""
        if self._ticker:
            self._ticker.close()
        self._sender.close()
        self.engage.store.close()

    def _api(self, call: Call, client_gone: Callable[[], bool] | None) -> Answer:
        if self.engage.settings.latency_ms:
            time.sleep(self.engage.settings.latency_ms / 1000)
        try:
            route, call = routes.matching(call)
        except ApiError as nowhere:
            return self._seen(call, self._struck(call, "", client_gone) or nowhere.answer())
        fault = self._strike(call, route.endpoint)
        answer = self._weathered(call, route, fault, client_gone) or self._handled(call, route, fault)
        return self._seen(call, answer)

    # --- faults ---

    def _strike(self, call: Call, endpoint: str) -> Struck | None:
        with self.engage.lock:
            fault = self.engage.faults.strike(endpoint, writes=call.method in _WRITES)
            self.engage.store.commit()
            return fault

    def _struck(self, call: Call, endpoint: str, client_gone: Callable[[], bool] | None) -> Answer | None:
        fault = self._strike(call, endpoint)
        return self._weathered(call, None, fault, client_gone)

    def _weathered(
        self,
        call: Call,
        route: routes.Route | None,
        fault: Struck | None,
        client_gone: Callable[[], bool] | None,
    ) -> Answer | None:
        """What a fault makes of a call before Engage sees it: an answer, no answer, or None to carry on."""
        if fault is None:
            return None
        if fault.mode == "slow":
            time.sleep(fault.delay_ms / 1000)
        if fault.mode == "down":
            raise self._dropped(call, route, ConnectionDropped("down"))
        if fault.mode == "hang":
            if client_gone is None:
                raise self._dropped(call, route, NeverAnswered("hang"))
            if not self.engage.faults.wait_for_release(fault, client_gone):
                raise self._dropped(call, route, ConnectionDropped("hang"))
        answer = fault.answer()
        if answer is not None:
            self._watched(call, route, answer.status)
        return answer

    def _dropped(self, call: Call, route: routes.Route | None, drop: ConnectionDropped) -> ConnectionDropped:
        self._watched(call, route, watch.NO_ANSWER)
        self.engage.requests.append(_seen(self.engage, call, watch.NO_ANSWER))
        return drop

    # --- the API ---

    def _handled(self, call: Call, route: routes.Route, fault: Fault | None) -> Answer:
        mode = fault.mode if fault else ""
        with self.engage.lock:
            refusal = self.gate.refusal(call)
            if refusal is not None:
                return refusal
            self.engage.settle()
            answer = self._carried_out(call, route, is_swallowed=mode == "not_processed")
            self._watched(call, route, watch.NO_ANSWER if mode == "lost_answer" else answer.status)
        if mode == "lost_answer":
            self.engage.requests.append(_seen(self.engage, call, watch.NO_ANSWER))
            raise ConnectionDropped("lost_answer", took_effect=True)
        return answer

    def _carried_out(self, call: Call, route: routes.Route, *, is_swallowed: bool) -> Answer:
        """Run the handler: all of its changes or, when it refuses or is to be swallowed, none."""
        store = self.engage.store
        try:
            answer = route.handler(self.engage, call)
        except ApiError as refusal:
            store.rollback()
            if refusal.errors:
                self.engage.note("warning", f"{route.endpoint} refused: {'; '.join(refusal.errors)}")
            return refusal.answer()
        except BaseException:
            store.rollback()
            raise
        if is_swallowed:
            store.rollback()
            self._swallow(call, route)
        return answer

    def _swallow(self, call: Call, route: routes.Route) -> None:
        """Accepted, never processed: the receipt is counted, nothing else is left but a line in the log."""
        body = call.json_or_none()
        if (
            route.name == "receipt.post"
            and isinstance(body, dict)
            and not errors_in(body, refuse_article=False)
        ):
            receipts.receive(self.engage, body, is_swallowed=True)
        self.engage.note("warning", f"{route.endpoint}: accepted but not processed (fault)")

    def _watched(self, call: Call, route: routes.Route | None, status: int) -> None:
        """Tell the watch about a call and make all of the request permanent, before the answer leaves."""
        engage = self.engage
        with engage.lock:
            if route and call.method == "POST":
                for subject in watch.posted(route.name, call, engage.store):
                    engage.watch.post(subject, status, engage.now().isoformat())
            elif route and call.method == "GET":
                engage.watch.look(watch.looked(route.name, call, engage.store), status)
            engage.store.commit()

    def _seen(self, call: Call, answer: Answer) -> Answer:
        self.engage.requests.append(_seen(self.engage, call, answer.status))
        return answer


def create_app(
    *,
    state_path: Path | None = None,
    seed: bool = True,
    rate_limit: int = 200,
    strict_user_agent: bool = True,
    keys: Collection[str] = (),
    settings: Settings | None = None,
    files: Path | None = None,
) -> Sandbox:
    """A stand-in Engage; without `state_path` it lives in memory, without `keys` any API key will do.

    A new state is seeded with invented people when `seed` is set; the consent definitions are always there.
    With `files` it has import and export folders below that one, and jobs that work on them.
    Raises StateFileError for a file another sandbox holds, OSError where the folders cannot be made.
    """
    engage = Engage(state_path, settings)
    engage.due_work = [receipts.import_due, bulk.apply_due, job.run_due]
    engage.folders = Folders(files) if files else None
    engage.seeder = seeds.plant if seed else seeds.plant_setup
    if engage.store.get("meta", "seeded") is None:
        engage.seed()
    gate = Gate(rate_limit=rate_limit, strict_user_agent=strict_user_agent, keys=keys)
    engage.on_reset = gate.forget
    sender = Sender(engage)
    engage.on_event = sender.wake
    if engage.store.all("event"):  # of an earlier run
        sender.wake()
    ticker = job.Ticker(engage) if files else None
    if ticker:
        ticker.start()
    return Sandbox(engage, gate, sender, ticker)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _seen(engage: Engage, call: Call, status: int) -> SeenRequest:
    return SeenRequest(call.method, call.path, call.key, status, engage.now())
