"""The Django admin, for admins: people, knowledge, the sites that carry the widget, and how the desk runs."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from helpdesk.admin import knowledge, people, running, sites

__all__ = ["knowledge", "people", "running", "sites"]

# The admin has no sign-in of its own: one that knows nothing of second steps and limits would be the way around them.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = "Whetstone"
admin.site.site_title = "Whetstone admin"
admin.site.index_title = "Settings and people"
