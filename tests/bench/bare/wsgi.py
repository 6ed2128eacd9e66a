"""The view, its address and its server."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.urls import path  # noqa: E402 - these need Django to be set up
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from tests.bench.bare.models import Row  # noqa: E402


class Rows(APIView):
    """Insert a row, and that is all."""

    def post(self, request: Request) -> Response:
        """Keep the body."""
        Row.objects.create(name=request.data["uniqueReceiptId"], body=request.data)
        return Response(None, status=202)


urlpatterns = [path("api/v3/receipts", Rows.as_view())]
