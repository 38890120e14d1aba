"""Ada photographs a permit at home. Ines sees the permit, and neither she nor anybody else where that is."""

import io
import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps, PngImagePlugin

from helpdesk import stripping
from helpdesk.models import Attachment
from tests.factories import make_customer, make_ticket

GPS, ORIENTATION, MODEL = 0x8825, 0x0112, 0x0110
SECRETS = (b"Ada-Phone-12", b"Brightwater Lane 7", b"a film behind the picture", b"2026:11:30")
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Brightwater Lane 7</x:xmpmeta>"
KINDS = ["JPEG", "PNG", "WEBP"]


def picture(mode="RGB"):
    """12 by 8, with a red corner by which one sees how it lies."""
    image = Image.new(mode, (16, 8), "#2a4bd7")
    image.paste("red", (0, 0, 8, 4))
    return image


def photo(kind, turn=6, *, mode="RGB", **options):
    """As a phone writes it: where, when, with which machine, and a copy of all that in XMP."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MODEL], exif[0x0132] = turn, "Ada-Phone-12", "2026:11:30 09:15:00"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", "Brightwater Lane 7")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif kind == "JPEG":
        options |= {"xmp": XMP, "comment": b"Brightwater Lane 7", "quality": 95}
    else:
        options |= {"xmp": XMP, "lossless": True}
    kept = io.BytesIO()
    picture(mode).save(kept, kind, exif=exif, **options)
    return kept.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def bare(data, name="photo.jpg"):
    upload, is_on_side = stripping.bare(SimpleUploadedFile(name, data))
    return upload.read(), is_on_side


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_where_it_was_taken_is_gone_and_it_shows_as_before(kind, turn):
    given = photo(kind, turn)
    assert opened(given).getexif().get_ifd(GPS)[2] == (52.0, 31.0, 12.0)  # it was there
    kept, is_on_side = bare(given)
    found = opened(kept)
    assert dict(found.getexif()) == ({} if turn == 1 else {ORIENTATION: turn}) and not found.getexif().get_ifd(GPS)
    assert not any(secret in kept for secret in SECRETS) and len(kept) < len(given)
    assert ImageOps.exif_transpose(found).tobytes() == ImageOps.exif_transpose(opened(given)).tobytes()
    assert is_on_side is (turn == 6 or turn == 8)
    assert bare(kept) == (kept, is_on_side)


def test_nothing_is_kept_from_behind_a_picture():
    for kind in ("JPEG", "PNG"):
        kept, _ = bare(photo(kind) + b"a film behind the picture")
        assert b"a film" not in kept and opened(kept).size == (16, 8)


def test_a_profile_of_colours_stays_and_so_do_progressive_scans_and_what_is_grey_or_clear():
    profile = b"\x00" * 128 + b"a profile"
    for kind in KINDS:
        assert opened(bare(photo(kind, icc_profile=profile))[0]).info["icc_profile"] == profile
    for given in (
        photo("JPEG", progressive=True),
        photo("JPEG", mode="CMYK"),
        photo("PNG", mode="RGBA"),
        photo("PNG", mode="L"),
        photo("WEBP", mode="RGBA"),
    ):
        kept, _ = bare(given)
        assert opened(kept).mode == opened(given).mode and opened(kept).tobytes() == opened(given).tobytes()
        assert not any(secret in kept for secret in SECRETS)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_moves_still_moves(kind):
    kept = io.BytesIO()
    exif = Image.Exif()
    exif[MODEL] = "Ada-Phone-12"
    picture().save(kept, kind, save_all=True, append_images=[picture().rotate(180)], exif=exif, duration=100)
    found = opened(bare(kept.getvalue())[0])
    assert found.n_frames == 2 and not dict(found.getexif())


@pytest.mark.parametrize(
    "given",
    [
        *(photo(kind)[:12] for kind in KINDS),
        b"\xff\xd8\xff" + b"\xff" * 70_000,
        b"\xff\xd8\xff\xe1\x00\x01Exif",
        b"\xff\xd8\xff\xda\x00\x04ab" + b"\xff" * 300_000,
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDATx",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"%PDF-1.7 Exif\x00\x00",
        b"GIF89a\x10\x00\x08\x00Exif\x00\x00",
        b"",
    ],
)
def test_what_is_broken_or_something_else_is_kept_to_the_byte(given):
    assert bare(given) == (given, False)


def test_a_picture_that_breaks_off_says_nothing_either():
    for kind in KINDS:
        given = photo(kind)
        for end in range(len(given)):
            kept, _ = bare(given[:end])
            assert len(kept) <= end + 40
    cut = photo("JPEG", 1)[:-20]
    assert b"Ada-Phone-12" in cut and not any(secret in bare(cut)[0] for secret in SECRETS)


@pytest.mark.parametrize(
    "exif",
    [
        b"MM\x00*\x00\x00\x00\x08\xff\xff" + struct.pack(">HHIHH", ORIENTATION, 3, 1, 99, 0),
        b"II*\x00\xff\xff\xff\xff",
        b"MM\x00*\x00\x00\x00\x08\xff\xff\x00",
        b"Ada",
    ],
)
def test_exif_that_lies_is_dropped_like_any_other(exif):
    plain = io.BytesIO()
    picture().save(plain, "JPEG")
    said = b"Exif\x00\x00" + exif
    given = plain.getvalue()[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(said)) + said + plain.getvalue()[2:]
    assert bare(given) == (plain.getvalue(), False)


@pytest.mark.django_db
def test_what_a_customer_sends_is_kept_bare_and_measured_as_it_stands():
    ada = make_customer()
    put = Attachment.put(SimpleUploadedFile("permit.jpg", photo("JPEG", 6)), by=ada)
    make_ticket(ada, "This is my permit.", attachments=[put.key])
    kept = Attachment.objects.get(key=put.key)
    assert (kept.name, kept.content_type, kept.width, kept.height) == ("permit.jpg", "image/jpeg", 8, 16)
    with kept.file.open("rb") as file:
        data = file.read()
    assert kept.size == len(data) and not opened(data).getexif().get_ifd(GPS)
    assert not any(secret in data for secret in SECRETS)


@pytest.mark.django_db
def test_a_phones_photo_is_a_picture_however_much_stands_before_its_size():
    long = photo("JPEG", 1)
    said = b"http://ns.adobe.com/xmp/extension/\x00" + b"Brightwater Lane 7 " * 3_000
    part = b"\xff\xe1" + struct.pack(">H", 2 + len(said)) + said
    kept = Attachment.put(SimpleUploadedFile("photo.jpg", long[:2] + part * 3 + long[2:]), by=make_customer())
    assert kept.is_picture and kept.size < 1_500
