"""How gunicorn serves the portal."""

import gc

from engage_portal import server


def test_what_is_loaded_is_left_out_of_later_garbage_collections():
    loaded = len(gc.get_objects())
    try:
        server.post_worker_init(None)
        assert gc.get_freeze_count() > loaded // 2
        assert len(gc.get_objects()) < loaded // 2
    finally:
        gc.unfreeze()
