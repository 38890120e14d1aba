"""Files that go with messages: Ada's and Ines's, what Mallory makes of it, and what is refused before it is kept."""

import datetime as dt
import gzip
import io
import struct
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from helpdesk import intake, storage, uploads
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.mail import composing
from helpdesk.models import Attachment, Event, Message, SignInCode, Ticket
from helpdesk.tasks import forget_unsent_files
from tests.factories import make_customer, make_ticket, make_user

pytestmark = pytest.mark.django_db


def png(width=3, height=2):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\x00" + b"\x2a\x4b\xd7" * width for _ in range(height))) if width * height < 10_000 else b""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def upload(name="shot.png", content=None):
    return SimpleUploadedFile(name, png() if content is None else content)


def zipped(**files):
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return found.getvalue()


def lying_zip(size):
    """A document that says of itself that it unpacks to `size` bytes."""
    small = zipped(document="x")
    at = small.rfind(b"PK\x01\x02")
    return small[: at + 24] + struct.pack("<I", size) + small[at + 28 :]


class TestNames:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\shot.png", "shot.png"),
            ("\u200b.htaccess", "htaccess"),
            ("\ufeff..  .bashrc ", "bashrc"),
            ("invoice\u202egnp.exe.txt", "invoicegnp.exe.txt"),
            ("ﬁle\x00\r\n.txt", "file.txt"),
            ("ｓｈｏｔ．ｐｎｇ", "shot.png"),
            ("...", "file"),
            ("", "file"),
            ("/", "file"),
            ("Überprüfung 30 °C.pdf", "Überprüfung 30 °C.pdf"),
        ],
    )
    def test_a_name_is_made_harmless(self, given, kept):
        assert uploads.clean_name(given) == kept

    def test_a_long_name_keeps_its_ending(self):
        name = uploads.clean_name("a" * 400 + ".pdf")
        assert len(name) <= uploads.NAME_LIMIT and name.endswith("….pdf")

    @pytest.mark.parametrize(
        "name", ["setup.exe", "a.EXE", "ｓetup．ｅxe", "x.\u200bbat", "\u200b.htaccess", "run.cmd.txt", "link.lnk", "x.exe. "]
    )
    def test_programs_are_not_taken_whatever_is_hidden_in_the_name(self, name):
        with pytest.raises(ValidationError, match="is a program"):
            uploads.check(upload(name, b"MZ"))


class TestKinds:
    JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03" + b"\x00" * 9
    WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (png(640, 480), ("image/png", 640, 480)),
            (b"GIF89a" + struct.pack("<HH", 640, 480) + b"\x00" * 4, ("image/gif", 640, 480)),
            (JPEG, ("image/jpeg", 640, 480)),
            (WEBP, ("image/webp", 640, 480)),
            (b"RIFF0000WEBPVP8L0000\x2f" + (639 | 479 << 14).to_bytes(4, "little") + b"\x00" * 9, ("image/webp", 640, 480)),
            (b"RIFF0000WEBPVP8 0000000\x9d\x01\x2a" + struct.pack("<HH", 640, 480), ("image/webp", 640, 480)),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", ("application/octet-stream", None, None)),
            (b"<!doctype html><script>alert(1)</script>", ("application/octet-stream", None, None)),
            (b"\x89PNG\r\n\x1a\n", ("application/octet-stream", None, None)),
            (b"\xff\xd8\xff" + b"\xff" * 70_000, ("application/octet-stream", None, None)),
            (b"GIF89a\x00\x00\x00\x00", ("application/octet-stream", None, None)),
        ],
    )
    def test_only_the_first_bytes_say_what_it_is(self, content, kind):
        found = uploads.kind_of(upload("photo.png", content))
        assert (found.content_type, found.width, found.height) == kind


class TestBombs:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (png(20_000, 20_000), "20,000 by 20,000 pixels"),
            (b"GIF89a" + struct.pack("<HH", 65_535, 65_535), "pixels"),
            (TestKinds.JPEG[:13] + struct.pack(">HH", 65_000, 65_000) + b"\x03" + b"\x00" * 9, "pixels"),
            (lying_zip(3 * 1024**3), "unpacks to more than 1 GB"),
            (gzip.compress(b"x", mtime=0)[:-4] + struct.pack("<I", 2 * 1024**3), "unpacks to more than 1 GB"),
            (b"PK\x03\x04" + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0), "unpacks to more than 1 GB"),
            (b"", "is empty"),
        ],
    )
    def test_what_would_burst_is_refused_from_its_header(self, content, words):
        with pytest.raises(ValidationError, match=words):
            Attachment.put(upload("x.bin", content), by=make_customer())
        assert not Attachment.objects.exists()

    @pytest.mark.parametrize(
        "content", [zipped(a="x" * 1_000, b="y"), zipped(), b"PK", b"PK\x05\x06", b"\x1f\x8b", gzip.compress(b"log", mtime=0)]
    )
    def test_what_is_small_or_broken_is_kept_as_it_is(self, content):
        assert Attachment.put(upload("report.docx", content), by=make_customer()).size == len(content)

    def test_a_file_has_a_limit_and_the_words_say_which(self, settings):
        settings.ATTACHMENT_BYTES = 2 * 1024**2
        with pytest.raises(ValidationError, match="larger than 2 MB"):
            uploads.check(upload("film.mov", b"x" * (2 * 1024**2 + 1)))

    def test_a_request_has_a_limit_before_anything_of_it_is_kept(self, client, settings):
        settings.ATTACHMENT_BYTES, settings.ATTACHMENT_COUNT, settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000, 2, 1_000
        client.force_login(make_user())
        assert client.post("/attachments/", {"file": upload("x.txt", b"x" * 5_000)}).status_code == 400
        assert not Attachment.objects.exists()


@pytest.fixture
def ada():
    return make_customer("Ada Okonkwo")


@pytest.fixture
def ines():
    return make_user("Ines Carvalho")


def signed_in(client, person):
    client.logout()
    if hasattr(person, "role"):
        client.force_login(person)
    else:
        session = client.session
        session[CUSTOMER_KEY] = person.pk
        session.save()
    return client


class TestHandingOut:
    def test_a_picture_is_shown_and_nothing_else_and_nothing_in_it_may_run(self, client, ada):
        for name, content, shown in (
            ("shot.png", png(), True),
            ("page.html", b"<script>alert(1)</script>", False),
            ("x.svg", b"<svg/>", False),
        ):
            put = Attachment.put(upload(name, content), by=ada)
            answer = signed_in(client, ada).get(put.get_absolute_url())
            assert answer.getvalue() == content
            assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer["Content-Type"] == ("image/png" if shown else "application/octet-stream")
            assert answer["Content-Disposition"].startswith("inline" if shown else "attachment")
            assert client.get(put.get_absolute_url(), {"download": ""})["Content-Disposition"].startswith("attachment")

    def test_a_name_cannot_break_out_of_its_header(self, client, ada):
        put = Attachment.put(upload('a"; filename="evil.exe\r\nSet-Cookie: x=1.txt'), by=ada)
        answer = signed_in(client, ada).get(put.get_absolute_url())
        assert "Set-Cookie" not in answer and "\r" not in answer["Content-Disposition"] and 'a\\"' in answer["Content-Disposition"]

    def test_it_lies_under_a_random_name_where_no_address_leads(self, client, ada):
        put = Attachment.put(upload("../../shot.png"), by=ada)
        assert put.file.name == f"attachments/{put.key[:2]}/{put.key}" and len(put.key) == 32 and default_storage.exists(put.file.name)
        assert client.get(f"/{put.file.name}").status_code == client.get(f"/media/{put.file.name}").status_code == 404

    def test_a_file_that_the_disk_has_lost_is_not_found(self, client, ada):
        put = Attachment.put(upload(), by=ada)
        default_storage.delete(put.file.name)
        assert signed_in(client, ada).get(put.get_absolute_url()).status_code == 404


class TestSending:
    def test_it_goes_with_the_message_once_however_often_that_is_sent(self, ada):
        ticket, put = make_ticket(ada), Attachment.put(upload(), by=ada)
        first = ticket.say("", customer=ada, client_msg_id="m-2", attachments=[put.key])
        again = ticket.say("", customer=ada, client_msg_id="m-2", attachments=[put.key])
        assert first == again and [each.key for each in first.attachments.all()] == [put.key]
        ticket.refresh_from_db()
        assert ticket.last_preview == "Sent shot.png"
        with pytest.raises(ValidationError, match="attach it again"):
            ticket.say("Once more", customer=ada, client_msg_id="m-3", attachments=[put.key])
        assert ticket.messages.count() == 2

    def test_nobody_sends_what_somebody_else_put_down(self, ada, ines):
        ticket, mallory = make_ticket(ada), make_customer("Mallory Vane")
        theirs = [Attachment.put(upload(), by=person).key for person in (ines, mallory, None)]
        for key in [*theirs, "x" * 32, ""]:
            with pytest.raises(ValidationError):
                ticket.say("Look", customer=ada, attachments=[key])
        with pytest.raises(ValidationError):
            ticket.reply("Look", by=ines, attachments=[theirs[1]])
        assert ticket.messages.count() == 1 and not Attachment.objects.exclude(message=None).exists()

    def test_a_message_has_only_so_many(self, ada, settings):
        settings.ATTACHMENT_COUNT = 2
        keys = [Attachment.put(upload(), by=ada).key for _ in range(3)]
        with pytest.raises(ValidationError, match="may have 2 files"):
            make_ticket(ada).say("Look", customer=ada, attachments=keys)

    def test_a_question_needs_words_and_a_picture_alone_goes_to_people(self, ada):
        put = Attachment.put(upload(), by=ada)
        with pytest.raises(ValidationError, match="what the file shows"):
            intake.open_ticket(customer=ada, body=" ", attachments=[put.key])
        ticket = intake.open_ticket(customer=ada, body="What does this mean?", attachments=[put.key])
        assert ticket.messages.get().attachments.get() == put

    def test_nothing_is_said_when_it_cannot_be_kept(self, client, ada, tmp_path, settings):
        (tmp_path / "full").write_text("no folder")
        settings.MEDIA_ROOT = tmp_path / "full"
        answer = signed_in(client, ada).post("/attachments/", {"file": upload()})
        assert answer.status_code == 422 and "cannot be kept just now" in answer.json()["error"]["message"]
        assert not Attachment.objects.exists()

    def test_a_flood_of_files_has_an_end(self, ada, monkeypatch):
        monkeypatch.setattr("helpdesk.models.attachments.AN_HOUR", 2)
        monkeypatch.setattr("helpdesk.models.attachments.OF_NOBODY", 1)
        for person, most in ((ada, 2), (None, 1)):
            for _ in range(most):
                Attachment.put(upload(), by=person)
            with pytest.raises(ValidationError):
                Attachment.put(upload(), by=person)


class TestGoing:
    def test_what_nobody_sent_is_gone_after_a_day_and_what_was_sent_stays(self, ada, django_capture_on_commit_callbacks):
        old = timezone.now() - dt.timedelta(hours=25)
        unsent, sent, fresh = (Attachment.put(upload(), by=ada, at=at) for at in (old, old, None))
        make_ticket(ada).say("Look", customer=ada, attachments=[sent.key])
        with django_capture_on_commit_callbacks(execute=True):
            forget_unsent_files()
        assert set(Attachment.objects.all()) == {sent, fresh}
        assert not default_storage.exists(unsent.file.name) and default_storage.exists(sent.file.name)

    def test_a_file_goes_with_its_customer(self, ada, django_capture_on_commit_callbacks):
        put = Attachment.put(upload(), by=ada)
        make_ticket(ada).say("Look", customer=ada, attachments=[put.key])
        with django_capture_on_commit_callbacks(execute=True):
            ada.delete()
        assert not Attachment.objects.exists() and not default_storage.exists(put.file.name)

    def test_a_file_that_no_row_knows_is_swept_up_when_it_is_a_day_old(self, ada):
        put = Attachment.put(upload(), by=ada)
        Attachment.objects.all().delete()
        now = timezone.now()
        assert storage.forget_strays(at=now, shelves=256) == 0 and default_storage.exists(put.file.name)
        assert storage.forget_strays(at=now + dt.timedelta(days=2), shelves=256) >= 1 and not default_storage.exists(put.file.name)

    def test_it_is_taken_back_by_whoever_put_it_down_until_it_is_sent(self, client, ada):
        mine, sent = (Attachment.put(upload(), by=ada) for _ in range(2))
        make_ticket(ada).say("Look", customer=ada, attachments=[sent.key])
        signed_in(client, make_customer("Mallory Vane")).delete(mine.get_absolute_url())
        assert Attachment.objects.count() == 2
        assert [signed_in(client, ada).delete(mine.get_absolute_url()).status_code for _ in range(2)] == [204, 404]
        client.delete(sent.get_absolute_url())
        assert Attachment.objects.get() == sent


class TestComposer:
    def test_put_down_shown_and_sent(self, client, ines):
        ticket = make_ticket(handler="team")
        chip = signed_in(client, ines).post("/attachments/", {"file": upload("<b>shot</b>.png")})
        key = Attachment.objects.get().key
        assert chip.status_code == 201 and f'value="{key}"' in chip.content.decode() and "<b>" not in chip.content.decode()
        form = {"body": "See the picture.", "kind": "reply", "client_msg_id": "a", "seen_seq": 1, "attachments": [key]}
        assert client.post(f"/tickets/{ticket.pk}/messages/", form).status_code == 302
        page = client.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert f'<img src="/attachments/{key}/" alt="b&gt;.png"' in page

    def test_without_scripts_files_come_with_the_form_and_stay_when_it_is_shown_again(self, client, ines):
        ticket = make_ticket(handler="team")
        form = {"body": "See this.", "kind": "reply", "client_msg_id": "a", "seen_seq": 0, "files": [upload(), upload("a.pdf", b"%PDF")]}
        again = signed_in(client, ines).post(f"/tickets/{ticket.pk}/messages/", form)
        assert again.status_code == 422  # the customer wrote meanwhile
        keys = list(Attachment.objects.values_list("key", flat=True))
        assert len(keys) == 2 and all(f'value="{key}"' in again.content.decode() for key in keys)
        sent = client.post(f"/tickets/{ticket.pk}/messages/", {**form, "files": [], "seen_seq": 1, "attachments": keys})
        assert sent.status_code == 302 and Message.objects.latest("pk").attachments.count() == 2

    def test_what_is_refused_says_so_and_keeps_the_text(self, client, ines):
        ticket = make_ticket(handler="team")
        form = {"body": "Run this.", "kind": "reply", "client_msg_id": "a", "seen_seq": 1, "files": [upload(), upload("x.exe")]}
        page = signed_in(client, ines).post(f"/tickets/{ticket.pk}/messages/", form)
        assert page.status_code == 422 and "is a program" in page.content.decode() and "Run this." in page.content.decode()
        assert not Attachment.objects.exists() and ticket.messages.count() == 1


class TestPortal:
    def test_a_question_and_what_follows_carry_files(self, client, ada):
        signed_in(client, ada)
        asked = {"question": "What does this mean?", "client_msg_id": "q", "files": [upload("<i>.png")]}
        assert client.post("/ask/", asked).status_code == 302
        ticket, put = Ticket.objects.get(), Attachment.objects.get()
        assert put.message == ticket.messages.get(seq=1)
        key = client.post("/attachments/", {"file": upload("log.txt", b"log")}) and Attachment.objects.latest("pk").key
        client.post(f"/questions/{ticket.pk}/messages/", {"body": "", "client_msg_id": "r", "attachments": [key]})
        page = client.get(f"/questions/{ticket.pk}/").content.decode()
        assert (
            put.get_absolute_url() in page
            and f"/attachments/{key}/" in page
            and "<i>" not in page.split("<main")[1].replace("<i>›</i>", "")
        )

    def test_files_of_somebody_who_must_sign_in_first_wait_with_the_question(self, client):
        asked = {"question": "What does this mean?", "email": "ada@client.example", "client_msg_id": "q", "files": [upload()]}
        assert client.post("/ask/", asked).status_code == 302
        put, code = Attachment.objects.get(), SignInCode.objects.get()
        assert client.get(put.get_absolute_url()).status_code == 404
        client.post("/sign-in/code/", {"code": code.code})
        ticket = Ticket.objects.get()
        put.refresh_from_db()
        assert put.message.ticket == ticket and put.customer == ticket.customer
        assert client.get(put.get_absolute_url()).status_code == 200

    def test_what_is_refused_asks_nothing(self, client):
        asked = {"question": "Look", "email": "ada@client.example", "files": [upload("big.png", png(30_000, 30_000))]}
        page = client.post("/ask/", asked)
        assert page.status_code == 422 and "pixels" in page.content.decode()
        assert not SignInCode.objects.exists() and not Attachment.objects.exists()


def test_a_mail_names_the_files_and_carries_none(ada, ines):
    put = Attachment.put(upload("plan <1>.png"), by=ines)
    message = make_ticket(ada).reply("See the plan.", by=ines, attachments=[put.key])
    mail = composing.replied(message)
    assert "plan <1>.png" in mail["text"] and "plan &lt;1&gt;.png" in mail["html"] and put.key not in str(mail)
    assert Event.objects.filter(verb="message.replied").count() == 1
