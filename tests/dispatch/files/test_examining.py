"""What is this file really? Its first bytes say; what could run anywhere is refused, with the reason."""

import pytest
from pictures import PDF, picture

from dispatch.errors import BadInput
from dispatch.files.examining import LIMITS, MAX_BYTES, examine, sniff


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (PDF, "application/pdf"),
        (b"Release code 7731\nall fine\n", "text/plain"),
        ("Löschgerät geprüft".encode(), "text/plain"),
        (b"a < b and b > a", "text/plain"),
    ],
)
def test_the_first_bytes_say_what_it_is(data, content_type):
    assert sniff(data) == content_type
    assert examine(data, "attachment").content_type == content_type


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", "a page or a script"),
        (b"  \n<svg onload='alert(1)'/>", "a page or a script"),
        (b"\xef\xbb\xbf<html>", "a page or a script"),
        (b"hello <ScRiPt src=x>", "a page or a script"),
        (b"#!/bin/sh\nrm -rf /", "a page or a script"),
        (b"MZ\x90\0 this program", "a program"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"PK\x03\x04 zip", "an archive"),
        (b"GIF89a", "a GIF"),
        (b"\0\0\0\x18ftypheic\0\0", "HEIC"),
        (b"text with \x00 in it", "control characters"),
        (b"\xff\xfe\x00", "not known"),
        (PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript /JS (x) >>"), "a PDF with /JavaScript"),
        (PDF.replace(b"/Catalog", b"/Catalog /A << /S /Launch >>"), "a PDF with /Launch"),
        (PDF.replace(b"/Catalog", b"/Catalog /Names << /EmbeddedFiles 3 0 R >>"), "a PDF with /EmbeddedFiles"),
        (PDF.replace(b"%%EOF", b""), "a PDF without an end"),
        (b"x%PDF-1.4", None),
    ],
)
def test_what_could_run_or_is_not_known_is_refused_with_the_reason(data, reason):
    if reason is None:
        assert sniff(data) == "text/plain"
        return
    with pytest.raises(BadInput, match=reason):
        sniff(data)


@pytest.mark.parametrize("kind", ["photo", "signature"])
@pytest.mark.parametrize("data", [PDF, b"text"])
def test_a_photo_and_a_signature_are_pictures(kind, data):
    with pytest.raises(BadInput, match=f"send a picture as a {kind}"):
        examine(data, kind)


def test_sizes_are_limited_to_the_byte():
    assert examine(b"a" * MAX_BYTES, "document").content_type == "text/plain"
    with pytest.raises(BadInput, match="at most 15000000"):
        examine(b"a" * (MAX_BYTES + 1), "document")
    with pytest.raises(BadInput, match="at most 1000000"):
        examine(picture() + b"\0" * LIMITS["signature"], "signature")
    with pytest.raises(BadInput, match="empty"):
        examine(b"", "photo")


def test_the_hash_is_that_of_what_is_kept():
    kept = examine(picture("PNG"), "photo")
    again = examine(kept.data, "photo")
    assert (again.sha256, again.data) == (kept.sha256, kept.data)
