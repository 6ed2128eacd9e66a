"""A real HTTP/1.1 server for the sandbox: a thread per connection, keep-alive, sockets it can close."""

import contextlib
import select
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import unquote_to_bytes

from engage_portal.sandbox.answers import ConnectionDropped, Record
from engage_portal.sandbox.app import CLIENT_GONE, Sandbox

_POLL = 0.05
_MAX_CHUNK_LINE = 1024


class SandboxServer(ThreadingMixIn, TCPServer):
    """Serves one sandbox app."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, app: Sandbox, host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.app = app
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        """The port it got."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Its base URL."""
        host = str(self.server_address[0])
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stopping can end it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no error here."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening and end every connection."""
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(app: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Iterator[SandboxServer]:
    """The app on a real port, served by a thread for as long as the block lasts."""
    with SandboxServer(app, host, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EngageSandbox"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300

    def _serve(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            parts = self._app()(self._environ(body), lambda status, headers: answer.append((status, headers)))
        except ConnectionDropped:
            self.close_connection = True
            return
        status, headers = answer[0]
        self.send_response_only(int(status.split()[0]), status.partition(" ")[2])
        self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"".join(parts))
        self.wfile.flush()

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _app(self) -> Sandbox:
        server = self.server
        assert isinstance(server, SandboxServer)  # noqa: S101 - for the type checker
        return server.app

    def _environ(self, body: bytes) -> Record:
        path, _, query = self.path.partition("?")
        environ: Record = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            CLIENT_GONE: self._client_gone,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(_MAX_CHUNK_LINE).split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline(_MAX_CHUNK_LINE)
        while self.rfile.readline(_MAX_CHUNK_LINE).strip():
            pass
        return b"".join(parts)

    def _client_gone(self) -> bool:
        poller = select.poll()
        poller.register(self.connection, select.POLLIN)
        if not poller.poll(0):
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def log_message(self, *_args: object) -> None:
        """Say nothing: a line per request costs more than the request, and queries hold personal data."""
