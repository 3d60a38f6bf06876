"""What does a change cost in the browser? The real board in Debian's Chromium, while everything changes."""

import shutil
import time
from datetime import timedelta
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright
from sqlalchemy import insert

from benchmarks.boardfigures import latencies_ms
from benchmarks.world import World
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import StaffRow, new_id
from dispatch.signin.links import make_link

_EMAIL = "rosa@acme.example"
_MANY_ROWS = 1_000
_SIZE = {"width": 1440, "height": 900}
#: Collects what the board and the browser say of themselves.
_COLLECT = """
window.told = { patches: [], long: [] };
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (each.name === 'board-patch') window.told.patches.push(each.duration);
}).observe({ entryTypes: ['measure'] });
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.told.long.push(each.duration);
}).observe({ entryTypes: ['longtask'] });
"""
_FORGET = "window.told = { patches: [], long: [] }"
#: From a click on a row until the row is shown as chosen, the next frame drawn.
_CLICK = """async (at) => {
  const rows = document.querySelectorAll('.work [data-row]'), row = rows[at % rows.length], began = performance.now();
  row.click();
  while (row.getAttribute('aria-pressed') !== 'true') await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return (performance.now() - began) / 1000;
}"""


def watch_in_browser(url: str, there: World, seconds: float) -> dict[str, Any]:
    """Sign in as a dispatcher, look at the list and at the timeline, and choose a row now and then."""
    program = shutil.which("chromium")
    if program is None:
        return {"left_out": "no chromium here"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport=_SIZE, timezone_id="America/Chicago")  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        context.add_init_script(_COLLECT)
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Performance.enable")
        page.goto(f"{url}/sign-in#token={_link(there)}")
        page.locator("main button.main").click()
        page.locator(".work tbody tr").first.wait_for()
        found = {"version": browser.version, "list": _look(page, line, seconds)}
        while (more := page.locator(".work .scroll > button")).count() and page.locator(
            ".work tbody tr"
        ).count() < 1_000:
            more.click()
        found["list_with_more_rows"] = _look(page, line, seconds / 2)
        page.get_by_role("button", name="Timeline", exact=True).click()
        found["timeline"] = _look(page, line, seconds / 2)
        browser.close()
    return found


def _look(page: Page, line: CDPSession, seconds: float) -> dict[str, Any]:
    time.sleep(2)
    page.evaluate(_FORGET)
    before, started = _metrics(line), time.monotonic()
    clicks: list[float] = []
    while time.monotonic() - started < seconds:
        if page.locator(".work [data-row]").count():
            clicks.append(page.evaluate(_CLICK, len(clicks)))
        page.wait_for_timeout(1_000)
    spent_s = time.monotonic() - started
    told, after = page.evaluate("window.told"), _metrics(line)
    busy = {name: round((after[name] - before[name]) / spent_s, 3) for name in _BUSY}
    return {
        "patches": len(told["patches"]),
        "patch": latencies_ms([each / 1000 for each in told["patches"]]),
        "choosing_a_row": latencies_ms(clicks),
        "tasks_over_50_ms": {"num": len(told["long"]), "largest_ms": round(max(told["long"], default=0.0), 1)},
        "busy_share": busy,
        "rows": page.locator(".work [data-row]").count(),
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 1),
    }


_BUSY = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")


def _metrics(line: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in line.send("Performance.getMetrics")["metrics"]}


def _link(there: World) -> str:
    with transaction(there.engine, ENGINE, role="engine") as session:
        now = database_now(session)
        row = {"id": new_id(), "client_id": there.client, "role": "dispatcher", "name": "Rosa Marsh", "email": _EMAIL}
        session.execute(insert(StaffRow).values(created_at=now, **row))
        return make_link(session, Actor("operator"), _EMAIL, timedelta(minutes=30), now=now)
