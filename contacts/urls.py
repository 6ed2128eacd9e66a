"""Pages about the member."""

from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("profile/", views.profile, name="profile"),
]
