"""Files from outside: their names made harmless, their size and their kind read from the first bytes, and never opened further than that.

A name is normalised first and checked then, since what is invisible before a dot has fooled others. What a file claims to be is not asked:
only what begins like a PNG, JPEG, GIF or WebP is ever shown, everything else is handed out as bytes.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

NAME_LIMIT = 120  # characters
HEAD = 64 * 1024  # bytes of a file that are read to find out what it is
TAIL = 66 * 1024  # in which a zip's directory is announced
PACKED_LIMIT = 1024**3  # bytes that an archive may unpack to
PACKED_FILES = 10_000
PROGRAMS = {
    *("app", "apk", "bat", "cmd", "com", "cpl", "dll", "exe", "gadget", "hta", "htaccess", "inf", "jar", "jse", "lnk", "msc", "msi", "msp"),
    *("pif", "ps1", "ps2", "psc1", "reg", "scf", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh", "xbap"),
}


@dataclass(frozen=True)
class Kind:
    """`width` and `height` in pixels, of a picture."""

    content_type: str
    width: int | None = None
    height: int | None = None


class BoundedUploads(FileUploadHandler):
    """Stops a request that brings more than a message may hold, before it fills the disk."""

    def handle_raw_input(self, input_data: Any, META: dict[str, str], content_length: int, boundary: str, encoding: Any = None) -> None:  # noqa: N803
        self.seen, self.most = 0, settings.ATTACHMENT_BYTES * settings.ATTACHMENT_COUNT + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if content_length > self.most:
            raise RequestDataTooBig("The files are larger than a message may hold.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.seen += len(raw_data)
        if self.seen > self.most:
            raise RequestDataTooBig("The files are larger than a message may hold.")
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def clean_name(name: str) -> str:
    """What people read. It never names a place: a file is kept under another."""
    name = unicodedata.normalize("NFKC", name)
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")  # controls, overrides, what has no width
    name = PurePosixPath(name.replace("\\", "/")).name
    name = " ".join(name.split()).strip(" .") or "file"
    stem, dot, ending = name.rpartition(".")
    if len(name) > NAME_LIMIT and dot and len(ending) <= 10:
        return f"{stem[: NAME_LIMIT - len(ending) - 2]}….{ending}"
    return name[:NAME_LIMIT]


def check(upload: UploadedFile[Any]) -> tuple[str, Kind]:
    """Its name and its kind. Raises ValidationError, in words for whoever sends it."""
    name, size, most = clean_name(upload.name or ""), upload.size or 0, settings.ATTACHMENT_BYTES
    if PROGRAMS & {part.lower() for part in name.split(".")[-2:]}:
        raise ValidationError(f"“{name}” is a program, and those are not taken.", code="program")
    if not size:
        raise ValidationError(f"“{name}” is empty.", code="empty_file")
    if size > most:
        raise ValidationError(f"“{name}” is larger than {in_words(most)}.", code="too_large")
    kind = kind_of(upload)
    if kind.width and kind.height and kind.width * kind.height > settings.ATTACHMENT_PIXELS:
        raise ValidationError(f"“{name}” has {kind.width:,} by {kind.height:,} pixels, which is more than can be shown.", code="too_large")
    if unpacks_to(upload, size) > PACKED_LIMIT:
        raise ValidationError(f"“{name}” unpacks to more than {in_words(PACKED_LIMIT)}.", code="too_large")
    return name, kind


def in_words(size: int) -> str:
    for unit, bytes_each in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= bytes_each:
            return f"{round(size / bytes_each, 1):g} {unit}"
    return f"{size} bytes"


# --- What a file is ---------------------------------------------------------------------------------------------------


def kind_of(file: Any) -> Kind:
    """From its first bytes. A picture whose size cannot be read there is none."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    for content_type, begins, measure in _PICTURES:
        if begins(head):
            found = measure(head)
            return Kind(content_type, *found) if found and all(found) else Kind("application/octet-stream")
    return Kind("application/octet-stream")


def _png(head: bytes) -> tuple[int, int] | None:
    return struct.unpack(">II", head[16:24]) if len(head) >= 24 and head[12:16] == b"IHDR" else None


def _gif(head: bytes) -> tuple[int, int] | None:
    return struct.unpack("<HH", head[6:10]) if len(head) >= 10 else None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """The size stands in the frame's header, behind whatever a camera has written."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 + max(length, 2)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    form = head[12:16]
    if len(head) < 30:
        return None
    if form == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


_PICTURES: list[tuple[str, Any, Any]] = [
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    ("image/gif", lambda head: head.startswith((b"GIF87a", b"GIF89a")), _gif),
    ("image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
]


# --- What an archive says that it holds -------------------------------------------------------------------------------


def unpacks_to(file: Any, size: int) -> int:
    """In bytes, from the headers of a zip (documents of office programs are some) or a gzip; 0 of anything else. Nothing is unpacked."""
    file.seek(0)
    begins = file.read(4)
    found = _zip(file, size) if begins[:2] == b"PK" else _gzip(file) if begins[:2] == b"\x1f\x8b" else 0
    file.seek(0)
    return found


def _gzip(file: BinaryIO) -> int:
    file.seek(-4, 2)
    return int.from_bytes(file.read(4), "little")


def _zip(file: BinaryIO, size: int) -> int:
    file.seek(-min(TAIL, size), 2)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return 0
    files, length, start = struct.unpack("<HII", tail[at + 10 : at + 20])
    if files > PACKED_FILES:  # or as many as only a zip64 can count
        return PACKED_LIMIT + 1
    file.seek(min(start, size))
    directory, total, place = file.read(length), 0, 0
    for _ in range(files):
        entry = directory[place : place + 46]
        if len(entry) < 46 or not entry.startswith(b"PK\x01\x02"):
            break
        total += int.from_bytes(entry[24:28], "little")
        place += 46 + sum(struct.unpack("<HHH", entry[28:34]))
    return total
