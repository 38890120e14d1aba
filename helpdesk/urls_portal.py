"""What customers and readers open."""

from django.urls import path

from helpdesk.views import placeholder

app_name = "portal"

urlpatterns = [
    path("", placeholder, name="home"),
    path("topics/<slug:slug>/", placeholder, name="topic"),
    path("articles/<slug:slug>/", placeholder, name="article"),
]
