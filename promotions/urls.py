"""Pages about offers, points and vouchers."""

from django.urls import path

from promotions import views

app_name = "promotions"
urlpatterns = [
    path("offers/", views.offers, name="offers"),
    path("points/", views.points, name="points"),
]
