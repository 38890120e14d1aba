from django.urls import path

from learning import views

app_name = "learning"

urlpatterns = [
    path("audits/", views.audits, name="audits"),
    path("audits/<int:pk>/", views.verdict, name="verdict"),
]
