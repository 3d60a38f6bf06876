"""Is every page that somebody can open among those that are drawn, and looked at in every way?

A page is what a router of the faces names; its picture is one of `screenshots.py`, which `test_looks.py` opens, too.
A link from a mail has none: it is used up by whoever opens it.
"""

import re
from pathlib import Path

from drawn import drawn_pages

WEB = Path(__file__).resolve().parents[2] / "web"
#: Each page of an address, before a question mark, without what stands in braces for an id.
DRAWN = sorted({shot.path.partition("?")[0] for shot in drawn_pages().PAGES})
#: Addresses of the phone that are not drawn, and why.
NOT_DRAWN = {"proofs/again": "of a proof that was begun on this phone alone: test_phone_keeps.py opens it"}


def test_every_page_of_the_desk_is_drawn():
    sections = (WEB / "src" / "desk" / "sections.ts").read_text()
    of_all = re.findall(r"\bpath: '([^']+)'", sections)
    [table] = re.findall(r"const OF_ONE.*= \{(.*)\}", sections)
    of_one = [f"{one}/" for one in re.findall(r": '([^']+)'", table)]
    assert len(of_all) >= 20, "the router is read"
    assert len(of_one) >= 3, "the router is read"
    assert "loadAccount" in sections
    lacks = [each for each in (*of_all, "/account") if f"/desk{each}" not in DRAWN]
    lacks += [each for each in of_one if not any(drawn.startswith(f"/desk{each}") for drawn in DRAWN)]
    assert lacks == []


def test_every_page_of_the_phone_is_drawn():
    """Under each word as many addresses as the router names pages there, and every word that leads to one."""
    router = (WEB / "src" / "phone" / "pages.ts").read_text()
    found = {name: text for name, text in re.findall(r"^  (\w+): (\(.*?)(?=^  \w+: \(|^\})", router, re.M | re.S)}
    for name, body in re.findall(r"^function (\w+)\([^{]*\{\n(.*?)^\}", router, re.M | re.S):
        if name in found:
            found[name] = body
    assert len(found) >= 13, "the router is read"
    assert sum(text.count("page(") for text in found.values()) == router.count("page("), "all of it"
    lacks = ["/"] if "/phone/" not in DRAWN else []
    for name, text in found.items():
        parts = [each.split("/") for each in DRAWN if each.startswith("/phone/")]
        own = [each for each in parts if each[2] == name]
        words = set(re.findall(r"(?:first|last) === '(\w+)'", text))
        lacks += [f"{name}/{word}" for word in words if not any(word in each for each in own)]
        num = len(own) + sum(each.startswith(f"{name}/") for each in NOT_DRAWN)
        if num < text.count("page("):
            lacks.append(f"{name}: {num} of {text.count('page(')}")
    assert sorted(lacks) == sorted(NOT_DRAWN)


def test_every_entrance_is_drawn():
    entrances = [each.parent.relative_to(WEB) for each in WEB.glob("*/index.html") if each.parent.name != "dist"]
    assert {str(each) for each in entrances} >= {"board", "desk", "phone"}
    assert [str(each) for each in entrances if f"/{each}/" not in DRAWN] == []


def test_a_picture_has_a_name_of_its_own():
    names = [shot.name for shot in drawn_pages().PAGES]
    assert sorted(names) == sorted(set(names))
