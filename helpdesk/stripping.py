"""What a camera or a program writes into a picture besides the picture: where it was taken and when, on whose machine, and what it looked like before.

Parts of the file are left out and no pixel is read: what shows is the same to the last bit, and nothing hostile is decoded here. Which way up it is
stays, as the only thing said of it: every browser turns a picture by that. What cannot be followed stays as it is.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile

UPRIGHT, ON_ITS_SIDE = 1, 5  # and above
_ORIENTATION = 0x0112
_ENTRIES = 200  # of a directory
_EXIF = b"Exif\x00\x00"
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_SAID = {*range(0xE0, 0xF0), 0xFE}  # of a JPEG: applications' parts and comments
_NEEDED = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}  # those of them without which it would look otherwise
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FILL = re.compile(rb"\xff+")
_PNG_KEPT = {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"}
_WEBP_KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04


def bare(upload: UploadedFile[Any]) -> tuple[UploadedFile[Any], bool]:
    """The same picture without what is said of it, and whether it lies on its side as it is kept. Any other file as it is."""
    upload.seek(0)
    begins = upload.read(12)
    strip = next((strip for pattern, strip in _FORMATS if pattern.match(begins)), None)
    data = begins + upload.read() if strip else b""
    upload.seek(0)
    if strip is None:
        return upload, False
    kept, turn = strip(data)
    return upload if kept == data else SimpleUploadedFile(upload.name or "file", kept), turn >= ON_ITS_SIDE


def _jpeg(data: bytes) -> tuple[bytes, int]:
    """Nothing is kept from behind the end either: phones put a film there, or a second picture."""
    kept, turn, at = [data[:2]], UPRIGHT, 2
    while at < len(data):
        if fill := _FILL.match(data, at):
            kept.append(data[at : fill.end() - 1])
            at = fill.end() - 1
        marker, length = data[at + 1 : at + 2], int.from_bytes(data[at + 2 : at + 4])
        end = at + 2 + length
        if data[at] != 0xFF or not marker or (marker[0] != _END and (length < 2 or end > len(data))):
            kept.append(data[at:])
            break
        if marker[0] == _END:
            kept.append(data[at : at + 2])
            break
        if marker[0] == _SCAN:
            found = _AFTER_SCAN.search(data, end)
            end = found.start() if found else len(data)
        part = data[at + 4 : end]
        if marker[0] == _APP1 and part.startswith(_EXIF) and turn == UPRIGHT:
            turn = _turn(part)
            if turn != UPRIGHT:
                kept.append(b"\xff\xe1" + struct.pack(">H", 2 + len(said := _EXIF + _said(turn))) + said)
        elif marker[0] not in _SAID or (marker[0] in _NEEDED and part.startswith(_NEEDED[marker[0]])):
            kept.append(data[at:end])
        at = end
    return b"".join(kept), turn


def _png(data: bytes) -> tuple[bytes, int]:
    kept, turn, at = [data[:8]], UPRIGHT, 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"eXIf" and turn == UPRIGHT:
            turn = _turn(data[at + 8 : end - 4])
            if turn != UPRIGHT:
                said = kind + _said(turn)
                kept.append(struct.pack(">I", len(said) - 4) + said + struct.pack(">I", zlib.crc32(said)))
        elif kind[:1].isupper() or kind in _PNG_KEPT:
            kept.append(data[at:end])
        at = len(data) if kind == b"IEND" else end
    return b"".join([*kept, data[at:]]), turn


def _webp(data: bytes) -> tuple[bytes, int]:
    kept: list[bytes] = []
    turn, at = UPRIGHT, 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if kind in _WEBP_KEPT:
            kept.append(data[at:end])
        elif kind == b"EXIF" and turn == UPRIGHT:
            turn = _turn(data[at + 8 : end])
        at = end
    if turn != UPRIGHT:
        kept.append(struct.pack("<4sI", b"EXIF", len(said := _said(turn))) + said)
    if sum(map(len, kept)) + len(data[at:]) == len(data) - 12:
        return data, turn
    if kept and kept[0][:4] == b"VP8X" and len(kept[0]) > 8:
        flags = kept[0][8] & ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP) | (_WEBP_HAS_EXIF if turn != UPRIGHT else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    body = b"".join([b"WEBP", *kept, data[at:]])
    return struct.pack("<4sI", b"RIFF", len(body)) + body, turn


_FORMATS = [
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _webp),
]


def _turn(said: bytes) -> int:
    """The orientation in Exif's first directory."""
    tiff = said.removeprefix(_EXIF)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(min(count, _ENTRIES)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if UPRIGHT <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def _said(turn: int) -> bytes:
    """Exif that says which way up, and nothing else."""
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", _ORIENTATION, 3, 1, turn, 0) + b"\x00\x00\x00\x00"
