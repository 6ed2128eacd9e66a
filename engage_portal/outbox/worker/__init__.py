"""The worker: a supervisor and the group of django-q2 processes that it keeps alive."""
