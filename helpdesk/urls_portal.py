"""What customers and readers open."""

from django.urls import path

from helpdesk.views import devmail, knowledge, portal_ask, portal_questions, rating, signin

app_name = "portal"

urlpatterns = [
    path("", knowledge.home, name="home"),
    path("topics/<slug:slug>/", knowledge.topic, name="topic"),
    path("articles/<slug:slug>/", knowledge.article, name="article"),
    path("articles/<slug:slug>/feedback/", knowledge.feedback, name="feedback"),
    path("search/", knowledge.search, name="search"),
    path("ask/", portal_ask.ask, name="ask"),
    path("questions/", portal_questions.listing, name="questions"),
    path("questions/<int:number>/", portal_questions.show, name="question"),
    path("questions/<int:number>/messages/", portal_questions.messages, name="messages"),
    path("questions/<int:number>/verdict/", portal_questions.verdict, name="verdict"),
    path("questions/<int:number>/rating/", portal_questions.rate, name="rating"),
    path("rate/<str:token>/", rating.by_mail, name="rating_link"),
    path("sign-in/", signin.start, name="sign_in"),
    path("sign-in/code/", signin.code, name="sign_in_code"),
    path("sign-in/link/<str:token>/", signin.link, name="sign_in_link"),
    path("sign-out/", signin.sign_out, name="sign_out"),
    path("dev/mail/", devmail.box, name="dev_mail"),
    path("dev/mail/<int:pk>/", devmail.mail, name="dev_mail_message"),
]
