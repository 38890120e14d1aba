from django.urls import path

from helpdesk.widget import conversations, files, frames, views

app_name = "widget"

urlpatterns = [
    path("widget.js", frames.script, name="script"),
    path("widget/frame/<slug:key>/", frames.frame, name="frame"),
    path("widget/visits/", views.Visits.as_view(), name="visits"),
    path("widget/home/", conversations.Home.as_view(), name="home"),
    path("widget/files/", files.Files.as_view(), name="files"),
    path("widget/files/<slug:key>/", files.File.as_view(), name="file"),
    path("widget/conversations/", conversations.Conversations.as_view(), name="conversations"),
    path("widget/conversations/<int:number>/", conversations.Conversation.as_view(), name="conversation"),
    path("widget/conversations/<int:number>/messages/", conversations.Messages.as_view(), name="messages"),
    path("widget/conversations/<int:number>/messages/<int:seq>/why/", conversations.Why.as_view(), name="why"),
    path("widget/conversations/<int:number>/messages/<int:seq>/others/", conversations.Others.as_view(), name="others"),
    path("widget/conversations/<int:number>/verdict/", conversations.Verdict.as_view(), name="verdict"),
    path("widget/conversations/<int:number>/guide/", conversations.Guide.as_view(), name="guide"),
    path("widget/conversations/<int:number>/address/", conversations.Leave.as_view(), name="address"),
    path("widget/conversations/<int:number>/transcript/", conversations.Transcript.as_view(), name="transcript"),
    path("widget/conversations/<int:number>/rating/", conversations.Rate.as_view(), name="rating"),
    path("widget/conversations/<int:number>/reading/", conversations.Reading.as_view(), name="reading"),
]
