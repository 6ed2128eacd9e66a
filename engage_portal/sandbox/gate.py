"""What Engage checks before it reads a request: key, caller's name, content type, pace (api.md §2, §4)."""

import time
from collections import defaultdict, deque
from collections.abc import Collection

from engage_portal.sandbox.answers import Answer, ApiError, empty
from engage_portal.sandbox.call import Call

_WINDOW = 1.0


class Gate:
    """Checks the headers of each call and counts calls per key over a sliding second."""

    def __init__(self, *, rate_limit: int, strict_user_agent: bool, keys: Collection[str] = ()) -> None:
        self.rate_limit = rate_limit
        self.strict_user_agent = strict_user_agent
        self.keys = frozenset(keys)
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)

    def refusal(self, call: Call) -> Answer | None:
        """The answer to a call that may not pass, None for one that may.

        No or an unknown key: 401 and no body (inferred). No User-Agent: 400 (inferred). A missing or wrong
        Content-Type, on GET as well: 500, as documented. More than `rate_limit` in a second: 429.
        """
        if not call.key or (self.keys and call.key not in self.keys):
            return empty(401)
        if self._is_too_fast(call.key):
            return empty(429)
        if self.strict_user_agent and not call.headers.get("user-agent", "").strip():
            return ApiError(400, None, "The User-Agent header is missing.").answer()
        if call.media_type != "application/json":
            return ApiError(500, None, "An error has occurred.").answer()
        return None

    def forget(self) -> None:
        """Start counting anew."""
        self._seen.clear()

    def _is_too_fast(self, key: str) -> bool:
        seen, now = self._seen[key], time.monotonic()
        while seen and seen[0] <= now - _WINDOW:
            seen.popleft()
        if len(seen) >= self.rate_limit:
            return True
        seen.append(now)
        return False
