"""An SFTP server that takes a password: OpenSSH would want an account of this machine for that."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko

USER, PASSWORD = "integration", "korrekt häst batteri"


class _Door(paramiko.ServerInterface):
    def __init__(self, tried: list[str], *, only_questions: bool) -> None:
        self._tried, self._only_questions = tried, only_questions

    def get_allowed_auths(self, username: str) -> str:
        return "keyboard-interactive" if self._only_questions else "password"

    def check_auth_password(self, username: str, password: str) -> int:
        self._tried.append(username)
        is_right = (username, password) == (USER, PASSWORD) and not self._only_questions
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return paramiko.AUTH_SUCCESSFUL if responses == [PASSWORD] else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, root: Path) -> None:
        super().__init__(server)
        self._root = root

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        folder = self._root / path.lstrip("/")
        return [paramiko.SFTPAttributes.from_stat(found.stat(), found.name) for found in folder.iterdir()]


@contextmanager
def running(root: Path, key_file: Path, *, only_questions: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The server's port and who tried a password, for as long as the block lasts."""
    tried: list[str] = []
    transports: list[paramiko.Transport] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                while True:
                    transport = paramiko.Transport(listener.accept()[0])
                    transports.append(transport)
                    transport.add_server_key(paramiko.PKey.from_path(key_file))
                    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, root)
                    transport.start_server(server=_Door(tried, only_questions=only_questions))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1]), tried
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for transport in transports:
                transport.close()
