"""Every page of all faces, in both sizes and themes: can everybody read it and use it, and does it fit?"""

import os
from pathlib import Path

import pytest
from browsing import DESK, PHONE, Device, Devices
from drawn import drawn_pages
from dressed import Dressed, dress

IS_LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
SHOTS = os.environ.get("TRUCKROLL_LOOKS_SHOTS")
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]

#: What a finger has to hit on a phone, and a pointer anywhere, in CSS pixels. Links in running text are as high as it.
FINGER, POINTER = 44, 24
_SMALL = """(least) => {
  const found = []
  for (const each of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
    if (!each.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    const inText = getComputedStyle(each).display === 'inline' && each.parentElement.matches('p, li, dd, td, span')
    if (inText || each.type === 'hidden' || each.closest('details:not([open]) > :not(summary)')) continue
    const label = each.labels?.[0]
    const boxes = [each, label].filter((one) => one).map((one) => one.getBoundingClientRect())
    const [width, height] = ['width', 'height'].map((side) => Math.max(...boxes.map((box) => box[side])))
    const says = each.ariaLabel || each.innerText || label?.innerText || each.name
    if (Math.min(width, height) < least - 0.5) {
      const name = `${each.tagName.toLowerCase()} "${says.trim().slice(0, 40)}"`
      found.push(`${name}: ${Math.round(width)} x ${Math.round(height)}`)
    }
  }
  return [...new Set(found)]
}"""


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


@pytest.mark.skipif(not IS_LONG, reason="part of the long form")
@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_can_be_read_and_used(devices: Devices, acme: Dressed, size: tuple[int, int], scheme: str) -> None:
    drawn = drawn_pages()
    names, emails = drawn.whose(devices, acme)
    troubles = []
    for who in dict.fromkeys(each.who for each in drawn.PAGES):
        with devices.device(size, scheme) as device:
            if who:
                devices.sign_in(device, emails.get(who, who), "nav, header button")
            for shot in (each for each in drawn.PAGES if each.who == who):
                drawn.show(device, shot, names)
                if SHOTS:
                    device.page.screenshot(path=Path(SHOTS) / f"{shot.name}-{size[0]}-{scheme}.png", full_page=True)
                troubles += [(shot.name, each) for each in _troubles(device, shot.name, size)]
    assert not troubles, "\n".join(f"{name}: {each}" for name, each in troubles)


def _troubles(device: Device, name: str, size: tuple[int, int]) -> list[str]:
    wide = device.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    is_touched = size == PHONE and name.startswith("phone-")
    small = device.page.evaluate(_SMALL, FINGER if is_touched else POINTER)
    return device.barriers() + small + ([f"{wide} px wider than the screen"] if wide > 0 else [])
