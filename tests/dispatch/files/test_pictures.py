"""What of a picture is kept? Its pixels and nothing else."""

import io
from datetime import datetime, timedelta, timezone

import pytest
from pictures import bomb, photo, picture
from PIL import Image

from dispatch.errors import BadInput
from dispatch.files.pictures import MAX_PIXELS, MAX_SIDE, draw_anew


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_place_camera_comment_and_what_hangs_behind_are_gone():
    sent = photo("2026:11:25 09:00:00", gps=True) + b"<script>alert(1)</script>"
    assert b"Spycam" in sent
    kept = draw_anew(sent, "image/jpeg").data
    for trace in (b"Spycam", b"Rosa Marsh", b"Exif", b"script"):
        assert trace not in kept
    assert not opened(kept).getexif()


def test_text_in_a_png_and_exif_in_a_webp_are_gone():
    exif = Image.Exif()
    exif[0x010F] = "Spycam"
    for name in ("PNG", "WEBP"):
        sent = picture(name, exif=exif.tobytes())
        assert b"Spycam" in sent
        kept = draw_anew(sent, f"image/{name.lower()}").data
        assert b"Spycam" not in kept
        assert opened(kept).format == name


def test_a_picture_stands_upright_however_the_camera_was_held():
    assert draw_anew(photo(upright=6), "image/jpeg").size == (30, 40)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1"])
def test_every_way_to_write_pixels_is_read(mode):
    image = Image.new(mode, (40, 30))
    written = io.BytesIO()
    image.save(written, "PNG", **({"transparency": 0} if mode == "P" else {}))
    kept = opened(draw_anew(written.getvalue(), "image/png").data)
    assert kept.mode == ("RGBA" if mode in ("RGBA", "LA", "P") else "RGB")


def test_a_large_picture_is_made_smaller_and_keeps_its_shape():
    assert draw_anew(picture(size=(6000, 3000)), "image/jpeg").size == (MAX_SIDE, MAX_SIDE // 2)


@pytest.mark.parametrize("size", [(7100, 7100), (10_000, 10_000), (60_000, 60_000), (2_000_000_000, 2)])
def test_a_bomb_is_refused_before_it_unfolds(size):
    data = bomb(*size)
    assert len(data) < 200
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(BadInput, match="pixels"):
        draw_anew(data, "image/png")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (picture("JPEG", (400, 300))[:1000], "image/jpeg"),
        (picture("PNG", (400, 300))[:300], "image/png"),
        (picture("WEBP", (400, 300))[:100], "image/webp"),
        (b"\xff\xd8\xff\xe0 a fake", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n<html>", "image/png"),
        (b"RIFF\0\0\0\0WEBP and more", "image/webp"),
        (bomb(400, 300), "image/png"),
    ],
)
def test_a_fake_or_damaged_picture_is_refused(data, content_type):
    with pytest.raises(BadInput, match=r"damaged|begins as"):
        draw_anew(data, content_type)


TEXAS = timezone(timedelta(hours=-6))


@pytest.mark.parametrize(
    ("taken", "offset", "claimed"),
    [
        ("2026:11:25 09:00:00", "-06:00", datetime(2026, 11, 25, 9, tzinfo=TEXAS)),
        ("2026:11:25 09:00:00", None, datetime(2026, 11, 25, 9)),  # noqa: DTZ001
        ("2026:11:25 09:00:00", "nonsense", datetime(2026, 11, 25, 9)),  # noqa: DTZ001
        ("0000:00:00 00:00:00", None, None),
        ("2026:13:45 99:00:00", None, None),
        ("yesterday", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_what_the_camera_claims_is_handed_on_and_nonsense_is_nothing(taken, offset, claimed):
    assert draw_anew(photo(taken, offset), "image/jpeg").claimed_taken_at == claimed
