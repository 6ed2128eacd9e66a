"""A line to the server that can be cut: at once, after some bytes, or just before an answer arrives."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)
"""Close without a word: what was under way is lost."""


@dataclass
class Line:
    """Carries bytes both ways between a port of its own and the server's."""

    server_port: int
    listener: socket.socket
    sent: int = 0
    """Bytes that went to the server, over all connections."""
    answered: int = 0
    cut_at_sent: int | None = None
    """Cut once so many bytes went to the server; the next connection is sound again."""
    cut_at_answered: int | None = None
    cuts: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def cut(self) -> None:
        """Now."""
        with self._lock:
            self.cuts += 1
            self.cut_at_sent = self.cut_at_answered = None
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def cut_before_next_answer(self) -> None:
        """What is asked for next happens, and nobody hears of it."""
        self.cut_at_answered = self.answered

    def accept(self) -> None:
        """Serve until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.server_port))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open |= {client, server}
                for source, target, is_answer in ((client, server, False), (server, client, True)):
                    threading.Thread(
                        target=self._carry, args=(source, target, is_answer), daemon=True
                    ).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                if not self._may_pass(len(data), is_answer=is_answer):
                    self.cut()
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if is_answer:
            for end in (source, target):
                end.close()

    def _may_pass(self, size: int, *, is_answer: bool) -> bool:
        if is_answer:
            self.answered += size
            return self.cut_at_answered is None or self.answered <= self.cut_at_answered
        self.sent += size
        return self.cut_at_sent is None or self.sent <= self.cut_at_sent


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Line(port, listener)
        thread = threading.Thread(target=line.accept)
        thread.start()
        try:
            yield line
        finally:
            line.cut()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
