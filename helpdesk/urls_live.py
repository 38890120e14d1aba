"""What is going on just now."""

from django.urls import path

from helpdesk.views import live

app_name = "live"

urlpatterns = [
    path("live/", live.listing, name="feed"),
    path("live/<int:number>/", live.chat, name="chat"),
]
