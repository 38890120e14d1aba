"""The Django admin, for admins: people, knowledge, and how the site runs."""

from django.contrib import admin

from helpdesk.admin import knowledge, people, running

__all__ = ["knowledge", "people", "running"]

admin.site.site_header = "Whetstone"
admin.site.site_title = "Whetstone admin"
admin.site.index_title = "Settings and people"
