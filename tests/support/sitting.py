"""How does somebody sit down at the desk, and go about in it?"""

from browsing import Device, Devices


def fits(device: Device) -> bool:
    """Nothing has to be pushed sideways."""
    return bool(device.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def sits_down(devices: Devices, device: Device, email: str) -> None:
    """Signed in, wherever that leads, and at the desk."""
    devices.sign_in(device, email, "nav, header button")
    device.opens("/desk/")


def goes(device: Device, name: str) -> None:
    device.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def in_panel(device: Device, button: str) -> None:
    """Answer the one question that is open, and see it go."""
    device.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    device.page.get_by_role("dialog").wait_for(state="detached")
