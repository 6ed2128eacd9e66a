"""Pages about purchases."""

from django.urls import path

from receipts import views

app_name = "receipts"
urlpatterns = [path("purchases/", views.purchases, name="purchases")]
