"""What agents work in."""

from django.urls import path

from helpdesk.views import inbox, inbox_actions, inbox_batches, inbox_messages, inbox_self, inbox_views, macros

app_name = "inbox"

urlpatterns = [
    path("inbox/", inbox.home, name="home"),
    path("inbox/views/", inbox_views.saved_views, name="saved_views"),
    path("inbox/views/<int:pk>/", inbox_views.saved_view, name="saved_view"),
    path("inbox/views/<int:pk>/place/", inbox_views.view_place, name="view_place"),
    path("inbox/tags/", inbox_views.all_tags, name="all_tags"),
    path("inbox/tags/names/", inbox_views.tag_names, name="tag_names"),
    path("inbox/tags/<int:pk>/", inbox_views.tag, name="tag"),
    path("inbox/batches/", inbox_batches.batches, name="batches"),
    path("inbox/batches/<int:pk>/", inbox_batches.batch, name="batch"),
    path("inbox/settings/", inbox_self.settings, name="settings"),
    path("inbox/away/", inbox_self.away, name="away"),
    path("inbox/notifications/", inbox_self.notifications, name="notifications"),
    path("inbox/bell/", inbox_self.bell, name="bell"),
    path("inbox/palette/", inbox_self.palette, name="palette"),
    path("inbox/<slug:view>/selection/", inbox_batches.selection, name="selection"),
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
    path("tickets/<int:number>/macros/", macros.offers, name="macro_offers"),
    path("tickets/<int:number>/macros/<int:pk>/", macros.application, name="macro_application"),
    path("macros/", macros.listing, name="macros"),
    path("macros/new/", macros.new, name="macro_new"),
    path("macros/preview/", macros.preview, name="macro_preview"),
    path("macros/<int:pk>/", macros.edit, name="macro"),
    path("macros/<int:pk>/removal/", macros.removal, name="macro_removal"),
]
