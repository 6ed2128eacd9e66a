"""The staff screens."""

from django.urls import path

from engage_portal.staff import views

app_name = "staff"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("queue/", views.queue, name="queue"),
    path("queue/live/", views.queue_live, name="queue_live"),
    path("queue/retry/", views.retry, name="retry"),
    path("queue/<int:pk>/", views.item, name="item"),
]
