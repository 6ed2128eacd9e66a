"""Pages about the member."""

from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("profile/", views.profile, name="profile"),
    path("profile/edit/", views.profile_edit, name="profile_edit"),
    path("profile/preferences/", views.preferences, name="preferences"),
]
