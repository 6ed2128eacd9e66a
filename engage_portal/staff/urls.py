"""The staff screens."""

from django.urls import path

from engage_portal.staff.views import acts, board, pauses, queue

app_name = "staff"
urlpatterns = [
    path("", board.dashboard, name="dashboard"),
    path("queue/", queue.queue, name="queue"),
    path("queue/live/", queue.queue_live, name="queue_live"),
    path("queue/retry/", acts.retry, name="retry"),
    path("queue/cancel/", acts.cancel, name="cancel"),
    path("queue/<int:pk>/", queue.item, name="item"),
    path("pauses/", pauses.overview, name="pauses"),
    path("pauses/start/", pauses.start, name="pause"),
    path("pauses/<int:pk>/end/", pauses.end, name="resume"),
]
