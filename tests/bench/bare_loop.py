"""`python -m tests.bench.bare_loop URL FILE THREADS`: the bodies of a file, a line each, posted as fast as it goes."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx


def main(url: str, file: str, threads: int) -> None:
    """Post them all: nothing is kept, nothing can be resumed."""
    bodies = Path(file).read_bytes().splitlines()
    headers = {"apikey": "bench", "User-Agent": "bench", "Content-Type": "application/json"}
    limits = httpx.Limits(max_connections=threads, max_keepalive_connections=threads)
    with (
        httpx.Client(base_url=url, headers=headers, limits=limits, timeout=30) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        for answer in pool.map(lambda body: client.post("/api/v3/receipts", content=body), bodies):
            answer.raise_for_status()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
