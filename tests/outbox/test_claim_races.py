"""Several workers want the same row at the same moment: threads and processes, whichever database is in use."""

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from engage_portal.outbox.delivery import claims
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import State
from tests.outbox.building import fresh, in_a_thread_of_its_own, item

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4


def together(work, workers: int = WORKERS) -> list:
    """Run the same work in that many threads, begun at the same moment."""
    gate = Barrier(workers)

    def one():
        gate.wait(60)
        return in_a_thread_of_its_own(work)

    with ThreadPoolExecutor(workers) as pool:
        return [future.result(30) for future in [pool.submit(one) for _ in range(workers)]]


def test_one_row_goes_to_exactly_one_of_two_threads():
    for _ in range(10):
        made = item()
        got = together(lambda: [each.pk for each in claims.claim(5)], workers=2)
        assert sorted(got) == [[], [made.pk]]
        assert fresh(made).tries == 1


def test_one_row_goes_either_to_the_caller_who_waits_or_to_the_worker():
    for _ in range(10):
        made, turn = item(), iter([True, False])

        def take(pk=made.pk, turn=turn):
            return len(claims.claim(5)) if next(turn) else int(claims.claim_one(pk) is not None)

        assert sum(together(take, workers=2)) == 1
        assert (fresh(made).tries, fresh(made).state) == (1, State.SENDING)


def test_many_threads_share_a_queue_without_overlap():
    made = {item(stream=f"contact:{number}").pk for number in range(60)}

    def take_all():
        mine = []
        while batch := claims.claim(7):
            mine += [each.pk for each in batch]
        return mine

    got = together(take_all)
    assert Counter(pk for mine in got for pk in mine) == Counter(made)
    assert set(Item.objects.values_list("tries", flat=True)) == {1}


def test_two_of_one_stream_are_never_under_way_together():
    for _ in range(5):
        Item.objects.all().delete()
        for _ in range(6):
            item(stream="contact:1")
        got = together(lambda: len(claims.claim(5)))
        assert sum(got) == 1
        assert Item.objects.filter(state=State.SENDING).count() == 1


def _take_in_a_process(ready, go, results) -> None:
    ready.release()
    go.wait(20)
    results.put([each.pk for each in claims.claim(50)])
    connections.close_all()


def test_many_processes_share_a_queue_without_overlap():
    made = {item(stream=f"contact:{number}").pk for number in range(30)}
    fork = multiprocessing.get_context("fork")
    ready, go, results = fork.Semaphore(0), fork.Event(), fork.SimpleQueue()
    connections.close_all()  # a connection must not be shared by a fork
    processes = [fork.Process(target=_take_in_a_process, args=(ready, go, results)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    for _ in processes:
        assert ready.acquire(timeout=20)
    go.set()
    got = [results.get() for _ in processes]
    for process in processes:
        process.join(20)
    taken = Counter(pk for mine in got for pk in mine)
    # On PostgreSQL a worker passes over rows that another one has locked: what is left is there for the next pass.
    taken += Counter(each.pk for each in claims.claim(50))
    assert taken == Counter(made)
