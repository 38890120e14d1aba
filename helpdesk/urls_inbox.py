"""What agents work in."""

from django.urls import path

from helpdesk.views import inbox, inbox_actions, inbox_merging, inbox_messages, inbox_parties, macros

app_name = "inbox"

urlpatterns = [
    path("inbox/", inbox.home, name="home"),
    path("inbox/<slug:view>/", inbox.listing, name="list"),
    path("inbox/<slug:view>/<int:number>/", inbox.show, name="show"),
    path("tickets/<int:number>/", inbox.by_number, name="ticket"),
    path("tickets/<int:number>/messages/", inbox_messages.messages, name="messages"),
    path("tickets/<int:number>/messages/<int:seq>/delivery/", inbox_messages.delivery, name="delivery"),
    path("tickets/<int:number>/held/<int:pk>/", inbox_messages.held, name="held"),
    path("tickets/<int:number>/unsent/", inbox_messages.unsent, name="unsent"),
    path("tickets/<int:number>/assignment/", inbox_actions.assignment, name="assignment"),
    path("tickets/<int:number>/holding/", inbox_actions.holding, name="holding"),
    path("tickets/<int:number>/closure/", inbox_actions.closure, name="closure"),
    path("tickets/<int:number>/tags/", inbox_actions.tags, name="tags"),
    path("tickets/<int:number>/priority/", inbox_actions.priority, name="priority"),
    path("tickets/<int:number>/snooze/", inbox_actions.snooze, name="snooze"),
    path("tickets/<int:number>/spam/", inbox_actions.spam, name="spam"),
    path("tickets/<int:number>/merger/", inbox_merging.merger, name="merger"),
    path("tickets/<int:number>/messages/<int:seq>/split/", inbox_merging.split, name="split"),
    path("tickets/<int:number>/messages/<int:seq>/forwarding/", inbox_parties.forwarding, name="forwarding"),
    path("tickets/<int:number>/copies/", inbox_parties.copies, name="copies"),
    path("tickets/<int:number>/requester/", inbox_parties.requester, name="requester"),
    path("tickets/<int:number>/colleagues/", inbox_parties.colleagues, name="colleagues"),
    path("tickets/<int:number>/macros/", macros.offers, name="macro_offers"),
    path("tickets/<int:number>/macros/<int:pk>/", macros.application, name="macro_application"),
    path("macros/", macros.listing, name="macros"),
    path("macros/new/", macros.new, name="macro_new"),
    path("macros/preview/", macros.preview, name="macro_preview"),
    path("macros/<int:pk>/", macros.edit, name="macro"),
    path("macros/<int:pk>/removal/", macros.removal, name="macro_removal"),
]
