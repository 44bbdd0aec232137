"""Which addresses are called? All of the product, and two that do next to nothing, to compare with. A URLconf."""

from typing import ClassVar

from django.http import HttpResponse
from django.urls import path
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty_site import urls

try:
    from programs.api.endpoint import ProgramEndpoint
except ImportError:  # An earlier tree has all of the API in one file.
    from programs.api import ProgramEndpoint


class Bare(APIView):
    """Django REST framework alone: nobody is asked who they are."""

    authentication_classes: ClassVar[list[type]] = []
    permission_classes: ClassVar[list[type]] = []
    throttle_classes: ClassVar[list[type]] = []
    renderer_classes = [JSONRenderer]

    def get(self, request: Request) -> Response:
        return Response({"program": "benchmark"})


class Empty(ProgramEndpoint):
    """What every endpoint does: whose key is it, may it, too often, in which program? And nothing else."""

    scopes = {"retrieve": "read"}

    def retrieve(self, request: Request) -> HttpResponse:
        return self.answer({"program": self.program.code})


urlpatterns = [
    path("api/v1/bare/", Bare.as_view()),
    path("api/v1/empty/", Empty.as_view({"get": "retrieve"})),
    *urls.urlpatterns,
]
