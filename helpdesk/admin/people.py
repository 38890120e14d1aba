from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from helpdesk.admin.confirm import confirmed
from helpdesk.models import Customer, CustomerEmail, Organisation, Team, User

admin.site.unregister(Group)


class TeamMembership(admin.TabularInline):
    model = Team.members.through
    extra = 0
    verbose_name = "team"
    verbose_name_plural = "teams"
    autocomplete_fields = ["team"]


def end_sessions(user: User) -> None:
    """Everywhere, at once."""
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


@confirmed("Deactivate", "They are signed out everywhere at once and cannot sign in again. Their tickets and replies stay.", "Deactivated")
def deactivate(request: HttpRequest, user: User) -> None:
    if user == request.user:
        raise ValidationError("You cannot deactivate yourself; another admin can.")
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)


@confirmed("Remove two-step sign-in", "They sign in with the password alone until they set it up again.", "Two-step sign-in removed")
def remove_second_factor(request: HttpRequest, user: User) -> None:
    from allauth.mfa.models import Authenticator

    Authenticator.objects.filter(user=user).delete()


@admin.register(User)
class AgentAdmin(UserAdmin):
    list_display = ["name", "email", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active", "teams"]
    search_fields = ["name", "email"]
    ordering = ["name"]
    filter_horizontal = []
    inlines = [TeamMembership]
    actions = [deactivate, remove_second_factor]
    add_form = AdminUserCreationForm
    fieldsets = [
        (None, {"fields": ["name", "email", "title", "password"]}),
        ("What they may do", {"fields": ["role", "is_active"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["name", "email", "role", "usable_password", "password1", "password2"]})]
    readonly_fields = ["last_login", "date_joined"]

    def get_inlines(self, request: HttpRequest, obj: Any | None) -> list[Any]:
        return self.inlines if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False  # they are deactivated: what they wrote keeps its author


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "description", "is_private", "gives_out", "most_each"]
    list_filter = ["is_private", "gives_out"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["members"]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    list_display = ["name", "domain", "plan", "lifecycle", "shares_tickets"]
    list_filter = ["plan", "lifecycle", "shares_tickets"]
    search_fields = ["name", "domain"]


class EmailInline(admin.TabularInline):
    model = CustomerEmail
    extra = 0
    readonly_fields = ["verified_at"]


class CustomerForm(forms.ModelForm):
    def clean_email(self) -> str | None:
        email: str = (self.cleaned_data["email"] or "").strip().lower()
        if email and CustomerEmail.objects.filter(email=email).exclude(customer=self.instance.pk).exists():
            raise ValidationError("Another customer has this address as a further one.")
        return email or None


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    form = CustomerForm
    list_display = ["name", "email", "organisation", "is_verified", "created_at"]
    list_filter = [("verified_at", admin.EmptyFieldListFilter), "organisation__plan", "organisation__lifecycle"]
    list_select_related = ["organisation"]
    search_fields = ["name", "email", "emails__email", "organisation__name"]
    autocomplete_fields = ["organisation"]
    readonly_fields = ["verified_at", "created_at"]
    date_hierarchy = "created_at"
    inlines = [EmailInline]

    @admin.display(boolean=True, description="Verified", ordering="verified_at")
    def is_verified(self, customer: Customer) -> bool:
        return customer.is_verified
