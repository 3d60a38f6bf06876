"""Pictures for tests: drawn here, with whatever a camera, or a forger, might have written into them."""

import io
import struct
import zlib
from typing import Any

from PIL import ExifTags, Image

#: 30.3585 north, 103.661 west: the site of the small world, as a phone writes it.
GPS = {1: "N", 2: (30.0, 21.0, 30.6), 3: "W", 4: (103.0, 39.0, 39.6)}


def picture(name: str = "JPEG", size: tuple[int, int] = (40, 30), *, mode: str = "RGB", **more: Any) -> bytes:
    """A picture of one colour a row; `more` goes to its writer."""
    image = Image.new(mode, size)
    for row in range(size[1]):
        color = (row * 7 % 256, 90, 200, 128)[: len(image.getbands())]
        image.paste(color[0] if len(color) == 1 else color, (0, row, size[0], row + 1))
    written = io.BytesIO()
    image.save(written, name, **more)
    return written.getvalue()


def photo(taken: str | None = None, offset: str | None = None, *, gps: bool = False, upright: int = 1) -> bytes:
    """A JPEG with EXIF: when it was taken ("2026:11:25 09:00:00"), where, how the camera was held."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Spycam"
    exif[ExifTags.Base.Orientation] = upright
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    if taken is not None:
        inner[ExifTags.Base.DateTimeOriginal] = taken
    if offset is not None:
        inner[ExifTags.Base.OffsetTimeOriginal] = offset
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(GPS)
    return picture(exif=exif.tobytes(), comment=b"Rosa Marsh was here")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says that it unfolds to `width` x `height` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PDF = (
    b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj\n"
)
PDF += b"trailer << /Root 1 0 R >>\n%%EOF\n"
