from django.urls import path

from helpdesk.widget import views

app_name = "widget"

urlpatterns = [
    path("widget/visits/", views.Visits.as_view(), name="visits"),
]
