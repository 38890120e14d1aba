"""What agents work in."""

from django.urls import path

from helpdesk.views import placeholder

app_name = "inbox"

urlpatterns = [
    path("inbox/", placeholder, name="home"),
    path("tickets/<int:number>/", placeholder, name="ticket"),
]
