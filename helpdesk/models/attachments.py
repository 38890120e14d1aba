"""Files that go with what somebody says. They are put down first, and tied to a message when that is sent."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from helpdesk import stripping, uploads
from helpdesk.models.messages import Message
from helpdesk.models.people import Customer, User

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

KEPT = dt.timedelta(hours=24)  # what nobody sent
AN_HOUR = 60  # files that a customer may put down
OF_NOBODY = 200  # files that wait for those who have not signed in yet
FOLDER = "attachments"
ICONS = {
    "image": {"avif", "bmp", "gif", "heic", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp"},
    "file-video": {"avi", "mkv", "mov", "mp4", "webm"},
    "file-code": {"css", "har", "html", "js", "json", "py", "xml", "yaml", "yml"},
    "file-spreadsheet": {"csv", "numbers", "ods", "tsv", "xls", "xlsx"},
    "file-text": {"doc", "docx", "eml", "log", "md", "odt", "pages", "pdf", "rtf", "txt"},
}


def new_key() -> str:
    return secrets.token_hex(16)


def place_of(attachment: Attachment, name: str) -> str:
    """Under its key and nothing that somebody chose."""
    return f"{FOLDER}/{attachment.key[:2]}/{attachment.key}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, viewer: Viewer) -> AttachmentQuerySet:
        """Those of messages that they may read, and what they have put down themselves."""
        if not isinstance(viewer, User | Customer):
            return self.none()
        return self.filter(Q(message__in=Message.objects.visible_to(viewer)) | Q(message=None, **_put_by(viewer)))

    def unsent(self, by: User | Customer | None) -> AttachmentQuerySet:
        return self.filter(message=None, **_put_by(by))

    def abandoned(self, at: dt.datetime) -> AttachmentQuerySet:
        return self.filter(message=None, created_at__lt=at - KEPT)


class Attachment(models.Model):
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    file = models.FileField(upload_to=place_of, max_length=120)
    name = models.CharField(max_length=uploads.NAME_LIMIT)
    content_type = models.CharField(max_length=40, help_text="What its first bytes say, not what it claims to be")
    size = models.PositiveBigIntegerField(help_text="In bytes")
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["created_at"], condition=Q(message=None), name="attachment_unsent")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attachments:file", args=[self.key])

    @property
    def is_picture(self) -> bool:
        """Of a kind that no browser runs."""
        return self.width is not None

    @property
    def icon(self) -> str:
        ending = self.name.rpartition(".")[2].lower()
        return next((icon for icon, endings in ICONS.items() if ending in endings), "paperclip")

    @classmethod
    def put(cls, upload: UploadedFile[Any], *, by: User | Customer | None, at: dt.datetime | None = None) -> Attachment:
        """Keep a file until the message it belongs to is sent. Raises ValidationError when it is not taken, or cannot be kept just now."""
        at = at or timezone.now()
        if isinstance(by, Customer) and cls.objects.filter(customer=by, created_at__gt=at - dt.timedelta(hours=1)).count() >= AN_HOUR:
            raise ValidationError("That is a lot of files in one hour. Please wait a little.", code="too_many")
        if by is None and cls.objects.unsent(None).count() >= OF_NOBODY:
            raise ValidationError("Please sign in first to send files.", code="too_many")
        uploads.check(upload)
        upload, is_on_side = stripping.bare(upload)
        name, kind = uploads.check(upload)  # behind what a phone writes about a picture its size may stand too far to be found
        width, height = (kind.height, kind.width) if is_on_side else (kind.width, kind.height)
        row = cls(name=name, size=upload.size or 0, content_type=kind.content_type, width=width, height=height, created_at=at)
        row.user, row.customer = (by if isinstance(by, User) else None), (by if isinstance(by, Customer) else None)
        row.file = upload
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except OSError as error:
            raise ValidationError(f"“{name}” cannot be kept just now. Please try again in a moment.", code="not_kept") from error
        return row

    @classmethod
    def copies_of(cls, message: Message, *, by: User | Customer | None) -> list[Attachment]:
        """Its files once more, put down by the same person, for another message. Each has a file of its own and goes with its own row.

        One that cannot be read is left out: what was said with it matters more.
        """
        copies = []
        for each in message.attachments.all():
            with suppress(OSError), each.file.open("rb") as opened:
                same = {name: getattr(each, name) for name in ("name", "content_type", "size", "width", "height")}
                row = cls(**same, user=by if isinstance(by, User) else None, customer=by if isinstance(by, Customer) else None)
                row.file = File(opened)
                row.save(force_insert=True)
                copies.append(row)
        return copies

    @classmethod
    def claim(cls, keys: Iterable[str], *, by: User | Customer) -> list[Attachment]:
        """What they put down, to be sent now: within a transaction, and each once."""
        wanted = list(dict.fromkeys(keys))
        check_count(len(wanted))
        found = {each.key: each for each in cls.objects.unsent(by).select_for_update().filter(key__in=wanted)} if wanted else {}
        if len(found) < len(wanted):
            raise ValidationError("A file is not there any more. Please attach it again.", code="gone")
        return [found[key] for key in wanted]

    @classmethod
    def tie(cls, attachments: Iterable[Attachment], message: Message) -> None:
        cls.objects.filter(pk__in=[each.pk for each in attachments]).update(message=message)


def check_count(number: int) -> None:
    if number > settings.ATTACHMENT_COUNT:
        raise ValidationError(f"A message may have {settings.ATTACHMENT_COUNT} files. Send the others with another one.", code="too_many")


def _put_by(person: User | Customer | None) -> dict[str, User | Customer | None]:
    return {
        "user": person if isinstance(person, User) else None,
        "customer": person if isinstance(person, Customer) else None,
    }
