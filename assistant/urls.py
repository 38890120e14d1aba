from django.urls import path

from assistant import api, views

app_name = "assistant"

urlpatterns = [
    path("tickets/<int:number>/draft/", views.draft, name="draft"),
    path("tickets/<int:number>/draft/dismissal/", views.dismissal, name="dismissal"),
    path("decisions/<int:pk>/why/", views.explanation, name="why"),
    path("api/v1/ask", api.Ask.as_view(), name="ask"),
]
