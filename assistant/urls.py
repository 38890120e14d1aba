from django.urls import path

from assistant import api, views

app_name = "assistant"

urlpatterns = [
    path("tickets/<int:number>/draft/", views.draft, name="draft"),
    path("tickets/<int:number>/draft/dismissal/", views.dismissal, name="dismissal"),
    path("tickets/<int:number>/copilot/", views.copilot, name="copilot"),
    path("tickets/<int:number>/summary/", views.summary, name="summary"),
    path("tickets/<int:number>/rewriting/", views.rewriting, name="rewriting"),
    path("tickets/<int:number>/rewriting/<int:pk>/", views.rewritten, name="rewritten"),
    path("tickets/<int:number>/messages/<int:seq>/article/", views.article, name="article"),
    path("decisions/<int:pk>/why/", views.explanation, name="why"),
    path("api/v1/ask", api.Ask.as_view(), name="ask"),
]
