"""Web processes that are measured, and people who ask them again and again."""

import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.bench.running import Store, process
from tests.flows.running import free_port, until

Request = tuple[str, str, str | None, Mapping[str, str]]
"""Method, path, body, headers."""


@contextmanager
def web(database: Store, home: Path, module: str, **settings: str) -> Iterator[int]:
    """The web process as `Procfile` starts it; its port."""
    port = free_port()
    command = [
        "-m",
        "gunicorn",
        "--config",
        "python:engage_portal.server",
        "--bind",
        f"127.0.0.1:{port}",
        module,
    ]
    with process(command, {**database.environment, **settings}, home / f"{module}.log"):
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/", timeout=10).status_code, what=module)
        yield port


def asked(port: int, request: Callable[[int], Request], *, people: int, times: int) -> list[float]:
    """Seconds of each answer, where so many people ask so often, each as soon as they were answered.

    Raises where an answer is not 200.
    """

    def person(number: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        seen = []
        for place in range(times):
            method, path, body, headers = request(number * times + place)
            began = time.perf_counter()
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            answer.read()
            seen.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{method} {path} was answered with {answer.status}")
        connection.close()
        return seen

    with ThreadPoolExecutor(people) as pool:
        return [seconds for seen in pool.map(person, range(people)) for seconds in seen]
