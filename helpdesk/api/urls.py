from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from helpdesk.api import views

app_name = "api"

urlpatterns = [
    path("v1/tickets/", views.Tickets.as_view(), name="tickets"),
    path("v1/tickets/<int:number>/", views.OneTicket.as_view(), name="ticket"),
    path("v1/tickets/<int:number>/messages/", views.Messages.as_view(), name="messages"),
    path("v1/attachments/<slug:key>/", views.File.as_view(), name="attachment"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
