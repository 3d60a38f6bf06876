"""What is this file really? Told by its first bytes, never by its name or by what the sender says. Pure.

Few kinds are let in: pictures, which are drawn anew (`pictures`), PDF and plain text. Nothing that a browser or a
computer would run: no HTML, SVG, script or program, and no PDF that says openly that it carries a script, starts a
program or holds further files. (What a PDF hides in compressed streams is not seen here; it goes out as a download,
never to be shown in the page.)
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from dispatch.errors import BadInput
from dispatch.files.pictures import PICTURES, draw_anew

MAX_BYTES = 15_000_000
#: kind of file -> bytes at most; a signature is a small drawing
LIMITS = {"photo": MAX_BYTES, "document": MAX_BYTES, "signature": 1_000_000, "attachment": MAX_BYTES}
KINDS = tuple(LIMITS)
CONTENT_TYPES = (*PICTURES, "application/pdf", "text/plain")

_FIRST_BYTES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-\d"), "application/pdf"),
)
#: Known by their first bytes and refused by their names, so that people learn what to do.
_REFUSED = (
    (re.compile(rb"....ftyp(heic|heix|mif1|avif)", re.DOTALL), "HEIC or AVIF"),
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"MZ|\x7fELF|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe"), "a program"),
    (re.compile(rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b"), "an archive, or an office document"),
)
_ACTIVE_PDF = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA)\b")
#: What a browser might take for a page, or a computer for a script.
_ACTIVE_TEXT = re.compile(r"\A\s*(#!|<)|<(!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php)", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WAY_OUT = "send a JPEG, PNG or WebP picture, a PDF or plain text"


@dataclass(frozen=True, slots=True)
class Examined:
    """A file as it will be kept. `claimed_taken_at` is what its EXIF says, naive where that names no offset."""

    kind: str
    content_type: str
    data: bytes
    sha256: str
    width: int | None = None
    height: int | None = None
    claimed_taken_at: datetime | None = None


def examine(data: bytes, kind: str) -> Examined:
    """Look at a file, and make of it what is kept.

    Raises
    ------
    BadInput
        When it is empty, too large, of no kind that is let in, or not what its first bytes say; with the reason.
    """
    if not data:
        raise BadInput("/", "empty", "send the file's bytes as the body")
    if len(data) > LIMITS[kind]:
        raise BadInput("/", f"{len(data)} bytes", f"send at most {LIMITS[kind]} bytes as a {kind}")
    content_type = sniff(data)
    if content_type in PICTURES:
        picture = draw_anew(data, content_type)
        return Examined(
            kind, content_type, picture.data, _sha256(picture.data), *picture.size, picture.claimed_taken_at
        )
    if kind in ("photo", "signature"):
        raise BadInput("/", content_type, f"send a picture as a {kind}: JPEG, PNG or WebP")
    return Examined(kind, content_type, data, _sha256(data))


def sniff(data: bytes) -> str:
    """The content type, one of `CONTENT_TYPES`.

    Raises
    ------
    BadInput
        When it is none of them.
    """
    for pattern, content_type in _FIRST_BYTES:
        if pattern.match(data):
            if content_type == "application/pdf":
                _check_pdf(data)
            return content_type
    for pattern, words in _REFUSED:
        if pattern.match(data):
            raise BadInput("/", words, _WAY_OUT)
    _check_text(data)
    return "text/plain"


def _check_pdf(data: bytes) -> None:
    if b"%%EOF" not in data[-2048:]:
        raise BadInput("/", "a PDF without an end", "send the whole file")
    active = _ACTIVE_PDF.search(data)
    if active:
        raise BadInput("/", f"a PDF with {active[0].decode()}", "print it to a new PDF, without scripts and files")


def _check_text(data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("/", f"bytes of a kind that is not known (byte {error.start})", _WAY_OUT) from error
    if _CONTROL.search(text):
        raise BadInput("/", "text with control characters", _WAY_OUT)
    if _ACTIVE_TEXT.search(text.removeprefix("\ufeff")):
        raise BadInput("/", "a page or a script", _WAY_OUT)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
