"""Pages about offers."""

from django.urls import path

from promotions import views

app_name = "promotions"
urlpatterns = [path("offers/", views.offers, name="offers")]
