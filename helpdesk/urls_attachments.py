"""Files that go with messages."""

from django.urls import path

from helpdesk.views import attachments

app_name = "attachments"

urlpatterns = [
    path("", attachments.upload, name="upload"),
    path("<slug:key>/", attachments.file, name="file"),
]
