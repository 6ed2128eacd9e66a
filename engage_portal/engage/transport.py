"""A network under a deadline.

httpx limits each single read, so a server that sends one byte every few seconds, even inside the headers,
could hold a caller for ever. Here every read, write and handshake on the socket also gets no more than what
is left of the call's own time, which `deadline` carries.
"""

import functools
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from engage_portal.core.clock import Deadline

deadline: ContextVar[Deadline | None] = ContextVar("engage_deadline", default=None)


def _left(timeout: float | None, too_late: type[Exception]) -> float | None:
    """The smaller of httpx's own limit and what is left of the call."""
    current = deadline.get()
    if current is None:
        return timeout
    if current.is_past:
        raise too_late("The time for this call is over")
    return current.remaining() if timeout is None else min(timeout, current.remaining())


class _Stream(httpcore.NetworkStream):
    """A socket whose every wait ends with the call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """The ordinary network, handing out sockets of the kind above."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


@functools.cache
def _certificates() -> ssl.SSLContext:
    """What this process trusts. Reading it takes longer than most calls, so that is done once."""
    return httpx.create_ssl_context(trust_env=False)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport over a pool with that network. Proxies and netrc of the machine are not
    consulted.
    """

    def __init__(self, *, max_connections: int, keepalive_expiry: float = 30.0) -> None:
        context = _certificates()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
            network_backend=_Network(),
        )
