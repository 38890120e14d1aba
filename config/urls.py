"""Every address, family by family."""

from django.contrib import admin
from django.urls import include, path

from helpdesk import health

handler404 = "helpdesk.api.errors.not_found"
urlpatterns = [
    path("", include("helpdesk.urls_portal")),
    path("", include("helpdesk.urls_inbox")),
    path("", include("helpdesk.urls_live")),
    path("", include("assistant.urls")),
    path("", include("learning.urls")),
    path("", include("helpdesk.widget.urls")),
    path("attachments/", include("helpdesk.urls_attachments")),
    path("api/", include("helpdesk.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
