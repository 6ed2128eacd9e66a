"""Real sockets on loopback: servers that hang, drip, hang up, or are not there."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import httpcore
import pytest
from httpcore._backends.sync import SyncStream

from engage_portal.core.clock import Deadline
from engage_portal.engage import EngageClient, EngageConfig, Unavailable
from engage_portal.engage.transport import _Stream, deadline
from tests.engage.answering import CONTACT_ID

LIMIT = 1.5  # far above what the request needs to leave, on a busy machine too
GENEROUS = 20.0  # far above the limit, far below any of httpx's own patience here

Behaviour = Callable[[socket.socket, threading.Event], None]


class Server:
    """Accepts, reads one request and then behaves as told, until the test is over."""

    def __init__(self, behave: Behaviour) -> None:
        self.behave = behave
        self.over = threading.Event()
        self.asked = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                thread = threading.Thread(target=self.serve, args=[connection])
                self.threads.append(thread)
                thread.start()

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            seen = b""
            while b"\r\n\r\n" not in seen:
                some = connection.recv(65536)
                if not some:
                    return
                seen += some
            self.asked.set()
            self.behave(connection, self.over)

    def stop(self) -> None:
        if self.over.is_set():
            return
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(timeout=10)
        self.listener.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Behaviour], Server]]:
    servers: list[Server] = []

    def start(behave: Behaviour) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def client_of(address: str, **settings) -> EngageClient:
    return EngageClient(EngageConfig(base_url=address, api_key="k", user_agent="A/1", **settings))


def hang(connection: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def dripping(start: bytes) -> Behaviour:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(0.02):
            connection.sendall(b"a")

    return drip


def answering(answer: bytes) -> Behaviour:
    def answer_and_close(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(answer)

    return answer_and_close


def reset(connection: socket.socket, over: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ignoring_unavailable(call: Callable[[str], None], voucher_id: str) -> None:
    with contextlib.suppress(Unavailable):
        call(voucher_id)


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < GENEROUS


def test_a_server_that_hangs_is_left_in_time(serving):
    server = serving(hang)
    with client_of(server.address) as client, in_time(), pytest.raises(Unavailable) as caught:
        client.within(LIMIT).redeem_voucher("v1")
    assert caught.value.may_have_taken_effect


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["before the status", "in the headers", "in the body"],
)
def test_a_server_that_drips_is_left_in_time(serving, start):
    server = serving(dripping(start))
    with client_of(server.address) as client, in_time(), pytest.raises(Unavailable) as caught:
        client.within(LIMIT).get_contact(CONTACT_ID)
    assert caught.value.may_have_taken_effect


def test_a_worker_too_leaves_a_server_that_drips(serving):
    server = serving(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: "))
    client = client_of(server.address, connect_timeout=0.1, read_timeout=0.1)
    with client, in_time(), pytest.raises(Unavailable):
        client.redeem_voucher("v1")


def test_a_success_stands_although_the_rest_of_the_answer_drips(serving):
    server = serving(dripping(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n"))
    with client_of(server.address) as client, in_time():
        client.within(LIMIT).post_receipt(b"{}")


def test_a_success_stands_although_the_connection_breaks_after_it(serving):
    server = serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"))
    with client_of(server.address) as client:
        client.redeem_voucher("v1")
        with pytest.raises(Unavailable) as caught:
            client.within(GENEROUS).get_contact(CONTACT_ID)
    assert caught.value.may_have_taken_effect


@pytest.mark.parametrize(
    "behave", [reset, answering(b""), answering(b"nonsense\r\n\r\n")], ids=["reset", "closed", "nonsense"]
)
def test_a_lost_answer_may_have_taken_effect(serving, behave):
    server = serving(behave)
    with client_of(server.address) as client, pytest.raises(Unavailable) as caught:
        client.within(GENEROUS).redeem_voucher("v1")
    assert caught.value.may_have_taken_effect


def test_where_nobody_listens_the_request_never_left():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with client_of(address) as client, pytest.raises(Unavailable) as caught:
        client.within(GENEROUS).redeem_voucher("v1")
    assert not caught.value.may_have_taken_effect
    assert "127.0.0.1" not in str(caught.value)


def test_a_handshake_that_never_ends_is_left_before_anything_was_sent(serving):
    server = serving(hang)
    address = server.address.replace("http:", "https:")
    with client_of(address) as client, in_time(), pytest.raises(Unavailable) as caught:
        client.within(LIMIT).redeem_voucher("v1")
    assert not caught.value.may_have_taken_effect


def test_waiting_for_a_free_connection_ends_in_time_and_sends_nothing(serving):
    server = serving(hang)
    with client_of(server.address, max_connections=1) as client:
        busy = threading.Thread(
            target=ignoring_unavailable, args=[client.within(GENEROUS).redeem_voucher, "v1"]
        )
        busy.start()
        assert server.asked.wait(GENEROUS)
        with in_time(), pytest.raises(Unavailable) as caught:
            client.within(0.1).redeem_voucher("v2")
        assert not caught.value.may_have_taken_effect
        server.stop()
        busy.join()


def test_an_endless_answer_is_cut_off(serving):
    def pour(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not over.is_set():
            connection.sendall(b"x" * 65536)

    server = serving(pour)
    client = client_of(server.address, answer_limit=1_000_000)
    with client, in_time(), pytest.raises(Unavailable):
        client.within(GENEROUS).get_contact(CONTACT_ID)


def test_a_connection_is_used_again(serving):
    peers = []

    def twice(connection: socket.socket, over: threading.Event) -> None:
        peers.append(connection.getpeername())
        for left in (1, 0):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            if left:
                connection.recv(65536)

    server = serving(twice)
    with client_of(server.address) as client:
        client.redeem_voucher("v1")
        client.within(GENEROUS).redeem_voucher("v1")
    assert len(peers) == 1


def test_once_the_time_is_over_nothing_more_is_read_or_written():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = _Stream(SyncStream(ours))
        token = deadline.set(Deadline.after(0))
        try:
            with pytest.raises(httpcore.WriteTimeout):
                stream.write(b"x", 30)
            with pytest.raises(httpcore.ReadTimeout):
                stream.read(1, 30)
        finally:
            deadline.reset(token)
        stream.write(b"x")  # outside a call httpx's own limits hold
        assert theirs.recv(1) == b"x"
