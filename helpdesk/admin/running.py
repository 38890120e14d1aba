from __future__ import annotations

import calendar
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from helpdesk.admin.confirm import confirmed
from helpdesk.models import ApiKey, Event, Outbox, SiteSettings, User
from helpdesk.models.apikeys import SCOPES


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(choices=SCOPES, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields = ["name", "scopes"]


@confirmed("Revoke", "Whatever uses them is refused from now on. This cannot be undone; make a new key instead.", "Revoked")
def revoke(request: HttpRequest, key: ApiKey) -> None:
    key.revoke()


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    form = ApiKeyForm
    list_display = ["name", "prefix", "scopes", "created_by", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    search_fields = ["name", "prefix"]
    readonly_fields = ["prefix", "created_by", "created_at", "last_used_at", "revoked_at"]
    actions = [revoke]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        issued, key = ApiKey.issue(name=obj.name, scopes=form.cleaned_data["scopes"], by=cast(User, request.user))
        obj.pk = issued.pk
        messages.warning(request, f"Copy this key now, it is not shown again: {key}")

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False  # it is revoked: the record of who could do what stays


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "office_days":
            days = list(enumerate(calendar.day_name))
            return forms.TypedMultipleChoiceField(
                choices=days, coerce=int, required=False, widget=forms.CheckboxSelectMultiple, help_text=db_field.help_text
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:helpdesk_sitesettings_change", args=[SiteSettings.load().pk]))


@confirmed("Send again", "Each is sent once more, also what has been sent already.", "Queued again")
def send_again(request: HttpRequest, row: Outbox) -> None:
    row.retry()


@admin.register(Outbox)
class OutboxAdmin(admin.ModelAdmin):
    list_display = ["kind", "to", "state", "attempts", "next_at", "sent_at", "last_error"]
    list_filter = ["state", "kind"]
    search_fields = ["to"]
    readonly_fields = [field.name for field in Outbox._meta.fields]
    date_hierarchy = "created_at"
    actions = [send_again]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """To look things up in. It is the record: nothing here can be changed."""

    list_display = ["at", "verb", "actor_kind", "user", "customer", "ticket"]
    list_filter = ["actor_kind", "verb"]
    list_select_related = ["user", "customer", "ticket"]
    search_fields = ["=ticket__id", "user__email", "customer__email"]
    show_full_result_count = False
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False
