"""An Engage of a few lines: answers what a test tells it to and keeps what it received."""

from pathlib import Path

import httpx

from engage_portal.engage import EngageClient, EngageConfig

DATA = Path(__file__).parent.parent / "data" / "engage"
CONTACT_ID = "430d3329-7eef-45c0-37f9-ae9300a0dace"
HTML = b"<html><body>Sign in</body></html>"


def captured(name: str) -> bytes:
    """An answer as the documentation or code in production shows it."""
    return (DATA / f"{name}.json").read_bytes()


class Engage:
    """Answers in turn, the last one for ever. An answer is (status, body), a response, or an exception to raise."""

    def __init__(self) -> None:
        self.answers: list = [(200, b"{}")]
        self.received: list[httpx.Request] = []
        self.waits: list[float] = []

    def answer(self, *answers) -> None:
        self.answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.received.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer[:2]
        return httpx.Response(
            status, stream=httpx.ByteStream(body), headers=answer[2] if len(answer) > 2 else None
        )

    @property
    def last(self) -> httpx.Request:
        return self.received[-1]

    @property
    def line(self) -> str:
        """Method, path and query of the last request, as they went over the wire."""
        return f"{self.last.method} {self.last.url.raw_path.decode()}"

    def client(self, **settings) -> EngageClient:
        settings = {
            "base_url": "https://acme.example",
            "api_key": "secret-key",
            "user_agent": "AcmePOS/1.5",
        } | settings
        return EngageClient(
            EngageConfig(**settings), transport=httpx.MockTransport(self), sleep=self.waits.append
        )
