from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from loyalty_site import health, openapi
from loyalty_site.lib.reading import only_read
from members.messages.unsubscribing import unsubscribe

handler400 = "loyalty_site.failures.bad_request"
handler500 = "loyalty_site.failures.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/schema/", only_read(openapi.SchemaView.as_view()), name="api-schema"),
    path("api/v1/", include("loyalty_site.api")),
    path("api/docs/", only_read(openapi.DocsView.as_view(url_name="api-schema")), name="api-docs"),
    path("api/docs/problems/", openapi.problems, name="api-problems"),
    path("api/docs/problems/<slug:code>/", openapi.problem, name="api-problem"),
    path("u/<str:token>/", unsubscribe, name="unsubscribe"),
    path("health/live", only_read(health.live)),
    path("health/ready", only_read(health.ready)),
]
