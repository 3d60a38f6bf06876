"""How does a person act on a page? With a pointer, or with the keyboard alone, who also sees where they are.

Both know a page by what it says. The keyboard walks there with Tab and Shift+Tab, and at every stop asks what its
person would: can I see where I am, and am I still on the page?
"""

from typing import Any, Protocol

from browsing import PATIENCE_MS, Device
from playwright.sync_api import Locator, Page, expect

#: More stops than any page of ours has.
_FAR = 160

#: What is wrong with where the focus is; nothing, where all is well. A whole page or dialog needs no mark of its own.
_TROUBLE = """() => {
  const on = document.activeElement
  if (on === null || on === document.body || on === document.documentElement) return 'the focus is lost'
  const says = (each) => (each.ariaLabel || each.innerText || each.name || '').slice(0, 60)
  const words = (each) => `${each.tagName.toLowerCase()} "${says(each)}"`
  if (on.matches('main, dialog, html')) return ''
  const isSeen = (each) => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect()
    return style.opacity !== '0' && box.width > 4 && box.height > 4
  }
  const isMarked = (each) => {
    const style = getComputedStyle(each)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  }
  const shape = [on, on.closest('label')].find((each) => each !== null && isSeen(each) && isMarked(each))
  if (!shape) return `${words(on)}: one cannot see that the focus is here`
  const box = shape.getBoundingClientRect()
  const isFree = (x, y) => {
    const top = document.elementFromPoint(x, y)
    return top !== null && (shape.contains(top) || top.contains(shape))
  }
  const xs = [0.1, 0.5, 0.9].map((part) => box.left + box.width * part)
  const ys = [0.15, 0.5, 0.85].map((part) => box.top + box.height * part)
  const isThere = xs.some((x) => ys.some((y) => isFree(x, y)))
  return isThere ? '' : `${words(on)}: something lies over it, or it is out of sight`
}"""

#: Where is the wanted element, seen from the focus: on it, in its group of radio buttons, before it, or after it?
_WHERE = """(wanted) => {
  const on = document.activeElement
  if (on === wanted) return 'here'
  const group = (each) => each.type === 'radio' && each.name
  if (group(wanted) && group(on) === group(wanted) && on.form === wanted.form) return 'group'
  if (on === document.body || on.contains(wanted)) return 'after'
  return on.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING ? 'before' : 'after'
}"""


class Hands(Protocol):
    """Ways to act."""

    def press(self, wanted: Locator) -> None:
        """A button or a link."""

    def fill(self, wanted: Locator, words: str) -> None:
        """Replace what stands in a field."""

    def set_date(self, wanted: Locator, iso: str) -> None:
        """A day (2027-03-01) or a time (14:30)."""

    def choose(self, wanted: Locator, label: str) -> None:
        """An entry of a list."""

    def tick(self, wanted: Locator) -> None:
        """A box, or one of several."""

    def attach(self, wanted: Locator, file: dict[str, Any]) -> None:
        """A file, by whatever opens the browser's own question."""


class Pointer:
    """A mouse or a finger."""

    def press(self, wanted: Locator) -> None:
        wanted.click()

    def fill(self, wanted: Locator, words: str) -> None:
        wanted.fill(words)

    def set_date(self, wanted: Locator, iso: str) -> None:
        wanted.fill(iso)

    def choose(self, wanted: Locator, label: str) -> None:
        wanted.select_option(label=label)

    def tick(self, wanted: Locator) -> None:
        wanted.check()

    def attach(self, wanted: Locator, file: dict[str, Any]) -> None:
        wanted.set_input_files([file])  # type: ignore[list-item]


class Keyboard:
    """Nothing but keys: no event of a pointer reaches a page while these hands act."""

    def press(self, wanted: Locator) -> None:
        self.reach(wanted)
        wanted.page.keyboard.press("Enter")

    def fill(self, wanted: Locator, words: str) -> None:
        self.reach(wanted)
        wanted.page.keyboard.press("Control+A")
        wanted.page.keyboard.type(words)
        expect(wanted).to_have_value(words)

    def set_date(self, wanted: Locator, iso: str) -> None:
        self.reach(wanted)
        wanted.page.keyboard.type(_as_typed(iso))
        expect(wanted).to_have_value(iso)

    def choose(self, wanted: Locator, label: str) -> None:
        wanted.locator("option", has_text=label).first.wait_for(state="attached")
        self.reach(wanted)
        labels = [each.strip() for each in wanted.locator("option").all_inner_texts()]
        now: int = wanted.evaluate("(each) => each.selectedIndex")
        steps = labels.index(label) - now
        for _ in range(abs(steps)):
            wanted.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")

    def tick(self, wanted: Locator) -> None:
        self.reach(wanted)
        if not wanted.is_checked():
            wanted.page.keyboard.press("Space")
        expect(wanted).to_be_checked()

    def attach(self, wanted: Locator, file: dict[str, Any]) -> None:
        self.reach(wanted)
        with wanted.page.expect_file_chooser() as asked:
            wanted.page.keyboard.press("Enter")
        asked.value.set_files([file])  # type: ignore[list-item]

    def reach(self, wanted: Locator) -> None:
        """Walk there; every stop on the way can be seen."""
        wanted.wait_for(state="attached")
        expect(wanted).to_be_enabled()
        stays_on(wanted.page)
        wanted.page.evaluate("window.hasWalked = true")
        for _ in range(_FAR):
            where: str = wanted.evaluate(_WHERE)
            if where == "here":
                return
            wanted.page.keyboard.press({"after": "Tab", "before": "Shift+Tab", "group": "ArrowDown"}[where])
            # What is busy for a moment gets the focus back.
            stays_on(wanted.page)
            trouble: str = wanted.page.evaluate(_TROUBLE)
            assert trouble == "", trouble
        raise AssertionError(f"{wanted}: out of reach of the keyboard")


def stays_on(page: Page) -> None:
    """Whoever has begun to walk is not thrown off the page by what the page does; one that just came is at its top."""
    # What is busy gets the focus back once it is answered.
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate("window.hasWalked !== true || document.activeElement !== document.body"):
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("after what was done the focus is lost")


def walks(device: Device) -> None:
    """Let a device's pages hear no pointer: what only a mouse can do cannot be done."""
    # From now on the browser's question for a file comes here: asked for only with the key, it would come too late.
    device.page.on("filechooser", lambda _: None)
    device.page.add_init_script(
        "for (const kind of ['pointerdown', 'mousedown', 'touchstart'])"
        " addEventListener(kind, () => { throw new Error('a pointer was used') }, true)"
    )


def _as_typed(iso: str) -> str:
    """As an American types it into the parts of the field."""
    if "-" in iso:
        year, month, day = iso.split("-")
        return f"{month}{day}{year}"
    hour, minute = (int(part) for part in iso.split(":"))
    return f"{(hour - 1) % 12 + 1:02}{minute:02}{'PM' if hour >= 12 else 'AM'}"
