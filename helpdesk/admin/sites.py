from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from helpdesk.admin.confirm import confirmed
from helpdesk.admin.embedding import Embedding
from helpdesk.models import Site
from helpdesk.models.sites import check_origin


class OriginsField(forms.Field):
    """One a line, as they are copied from the address bar."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60, "placeholder": "https://app.example.com", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = (line.strip().rstrip("/").lower() for line in str(value or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def validate(self, value: Any) -> None:
        super().validate(value)
        for origin in value:
            check_origin(origin)


class SiteForm(forms.ModelForm):
    origins = OriginsField(
        help_text="Where the widget may be shown, one address a line: https://app.example.com, without a path. "
        "A test system and localhost with its port need lines of their own."
    )

    class Meta:
        model = Site
        fields = ["name", "origins", "is_active"]
        help_texts = {
            "is_active": "Off: the widget opens for nobody any more. Its button stays on your pages until the script is taken out."
        }


@confirmed(
    "Rotate the secret",
    "A new secret is made. What was signed with the present one stays good until the next rotation, so that your server can change over "
    "without a gap; what was signed with the one before it is refused from now on. If the present one has leaked, change over and rotate again.",
    "Secret rotated",
)
def rotate(request: HttpRequest, site: Site) -> None:
    site.rotate()


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):
    form = SiteForm
    list_display = ["name", "shown_on", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "key", "origins"]
    actions = [rotate]

    @admin.display(description="Shown on")
    def shown_on(self, site: Site) -> str:
        return ", ".join(site.origins)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False  # it is switched off: who came through it stays known

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(never_cache(self.secret_view))
        return [path("<path:object_id>/secret/", view, name="helpdesk_site_secret"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: Any, add: bool = False, change: bool = False, form_url: str = "", obj: Site | None = None
    ) -> HttpResponse:
        if obj is not None:
            context |= {"embedding": Embedding(settings.SITE_URL, obj.key)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shown to whoever may change the site, when they ask for it; and noted."""
        site = self.get_object(request, unquote(object_id))
        if site is None:
            raise Http404
        if not self.has_change_permission(request, site):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:helpdesk_site_change", args=[site.pk]))
        self.log_change(request, site, "Looked at the secret")
        page = {**self.admin_site.each_context(request), "title": "The secret", "subtitle": str(site), "original": site, "opts": self.opts}
        return TemplateResponse(request, "admin/helpdesk/site/secret.html", page)
