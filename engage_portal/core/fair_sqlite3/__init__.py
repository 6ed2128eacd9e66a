"""SQLite for many writers: a database backend that waits for the write lock evenly (see `base.py`)."""
