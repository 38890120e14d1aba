"""What agents work in."""

from django.urls import path

from helpdesk.views import inbox, inbox_actions, inbox_messages

app_name = "inbox"

urlpatterns = [
    path("inbox/", inbox.home, name="home"),
    path("inbox/<slug:view>/", inbox.listing, name="list"),
    path("inbox/<slug:view>/<int:number>/", inbox.show, name="show"),
    path("tickets/<int:number>/", inbox.by_number, name="ticket"),
    path("tickets/<int:number>/messages/", inbox_messages.messages, name="messages"),
    path("tickets/<int:number>/unsent/", inbox_messages.unsent, name="unsent"),
    path("tickets/<int:number>/assignment/", inbox_actions.assignment, name="assignment"),
    path("tickets/<int:number>/closure/", inbox_actions.closure, name="closure"),
    path("tickets/<int:number>/tags/", inbox_actions.tags, name="tags"),
    path("tickets/<int:number>/priority/", inbox_actions.priority, name="priority"),
    path("tickets/<int:number>/snooze/", inbox_actions.snooze, name="snooze"),
    path("tickets/<int:number>/spam/", inbox_actions.spam, name="spam"),
]
