"""What of a picture is kept? Its pixels: it is drawn anew, so that place, time, maker and hidden parts are gone. Pure.

The picture's size is read and limited before a single pixel is decoded: a small file may unfold to gigabytes. What its
EXIF claims about when it was taken is handed on; it is the phone's word and no proof. Colour profiles go with the rest.
"""

import io
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from dispatch.errors import BadInput

#: content type -> name in Pillow, and how it is written
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "image/jpeg": ("JPEG", {"quality": 88, "optimize": True}),
    "image/png": ("PNG", {"compress_level": 4}),
    "image/webp": ("WEBP", {"quality": 88, "method": 2}),
}
#: A phone of 48 million pixels passes; four bytes for each is what decoding may take.
MAX_PIXELS = 50_000_000
#: Larger pictures are made smaller: a serial number is still read at this width.
MAX_SIDE = 4096

#: Decoding takes memory, so few do it at once.
_AT_ONCE = threading.BoundedSemaphore(2)
_NOT_READABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew. `size` is (width, height) in pixels."""

    data: bytes
    size: tuple[int, int]
    claimed_taken_at: datetime | None


def draw_anew(data: bytes, content_type: str) -> Picture:
    """The same picture without anything but its pixels, upright, at most `MAX_SIDE` long.

    Raises
    ------
    BadInput
        When it is no picture of this type, is cut short, or unfolds to more than `MAX_PIXELS`.
    """
    name, options = PICTURES[content_type]
    with _AT_ONCE:
        image = _open(data, name)
        taken_at = _claimed_time(image)
        try:
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            plain = _plain(image, name)
        except _NOT_READABLE as error:
            raise BadInput("/", f"a damaged {name}", "send the whole picture, as the camera wrote it") from error
        written = io.BytesIO()
        plain.save(written, name, **options)
    return Picture(written.getvalue(), plain.size, taken_at)


def _open(data: bytes, name: str) -> Image.Image:
    """Read the head alone. Pillow's own limit, in force before decoding, is far above ours and only a second net."""
    try:
        image = Image.open(io.BytesIO(data), formats=(name,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels("too many") from error
    except _NOT_READABLE as error:
        raise BadInput("/", f"not the {name} that it begins as", "send the picture as the camera wrote it") from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(f"{image.width} x {image.height}")
    return image


def _too_many_pixels(found: str) -> BadInput:
    return BadInput("/", f"{found} pixels", f"send at most {MAX_PIXELS:_} pixels".replace("_", ","))


def _plain(image: Image.Image, name: str) -> Image.Image:
    image.load()
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    has_alpha = name != "JPEG" and (upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info)
    plain = upright.convert("RGBA" if has_alpha else "RGB")
    plain.info.clear()
    plain.getexif().clear()
    return plain


def _claimed_time(image: Image.Image) -> datetime | None:
    """When it was taken, says the camera; naive where it names no offset, None where it says nothing usable."""
    try:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        written = inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
        offset = inner.get(ExifTags.Base.OffsetTimeOriginal) or ""
        if not isinstance(written, str):
            return None
        return _read_time(written.strip(" \0"), str(offset).strip(" \0"))
    except (*_NOT_READABLE, OverflowError):
        return None


def _read_time(written: str, offset: str) -> datetime | None:
    try:
        return datetime.strptime(f"{written}{offset}", "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        return datetime.strptime(written, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 (it names no zone: the site's is taken)
