"""The first receipts of a fresh process may come at once."""

import subprocess
import sys

_PROGRAM = """
import sys, threading
from engage_portal.engage import payloads
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)

def read():
    barrier.wait()
    try:
        payloads.decode_receipt(b'{"contact": {}}')
    except payloads.PayloadError:
        pass

threads = [threading.Thread(target=read) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_threads_that_read_the_first_receipts_of_a_process_do_not_end_it():
    """msgspec 0.22 crashes where two threads meet a type for the first time."""
    for _ in range(6):
        done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
