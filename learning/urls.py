from django.urls import path

from learning import dashboard_views, gap_views, handoff_views, incident_views, learned_views, policy_views, stale_views, views

app_name = "learning"

urlpatterns = [
    path("learning/", dashboard_views.dashboard, name="dashboard"),
    path("learning/questions/", dashboard_views.questions, name="questions"),
    path("audits/", views.audits, name="audits"),
    path("audits/<int:pk>/", views.verdict, name="verdict"),
    path("policies/", policy_views.listing, name="policies"),
    path("policies/<int:pk>/return/", policy_views.take_back, name="policy_take_back"),
    path("incidents/", incident_views.listing, name="incidents"),
    path("incidents/<int:pk>/", incident_views.show, name="incident"),
    path("incidents/<int:pk>/report.md", incident_views.bug_report, name="incident_report"),
    path("incidents/<int:pk>/notice/", incident_views.notice, name="incident_notice"),
    path("incidents/<int:pk>/fix/", incident_views.fix, name="incident_fix"),
    path("incidents/<int:pk>/dismissal/", incident_views.dismissal, name="incident_dismissal"),
    path("incidents/<int:pk>/tickets/<int:number>/removal/", incident_views.removal, name="incident_removal"),
    path("gaps/", gap_views.listing, name="gaps"),
    path("gaps/<int:pk>/", gap_views.show, name="gap"),
    path("gaps/<int:pk>/draft/", gap_views.draft, name="gap_draft"),
    path("gaps/<int:pk>/article/", gap_views.article, name="gap_article"),
    path("gaps/<int:pk>/test/", gap_views.test, name="gap_test"),
    path("gaps/<int:pk>/dismissal/", gap_views.dismissal, name="gap_dismissal"),
    path("gaps/<int:pk>/reopening/", gap_views.reopening, name="gap_reopening"),
    path("gaps/<int:pk>/tickets/<int:number>/removal/", gap_views.removal, name="gap_removal"),
    path("handoffs/", handoff_views.hand_offs, name="handoffs"),
    path("handoffs/tickets/", handoff_views.tickets, name="handoff_tickets"),
    path("learned/", learned_views.listing, name="learned"),
    path("learned/<int:pk>/", learned_views.edit, name="learned_edit"),
    path("learned/<int:pk>/rewriting/", learned_views.rewriting, name="learned_rewriting"),
    path("learned/<int:pk>/approval/", learned_views.approval, name="learned_approval"),
    path("learned/<int:pk>/trial/", learned_views.trial, name="learned_trial"),
    path("learned/<int:pk>/retirement/", learned_views.retirement, name="learned_retirement"),
    path("learned/<int:pk>/undoing/", learned_views.undoing, name="learned_undoing"),
    path("learned/<int:pk>/merger/", learned_views.merger, name="learned_merger"),
    path("learned/<int:pk>/article/", learned_views.article, name="learned_article"),
    path("stale/", stale_views.listing, name="suspicions"),
    path("stale/<int:pk>/", stale_views.show, name="suspicion"),
    path("stale/<int:pk>/still-right/", stale_views.still_right, name="suspicion_still_right"),
]
