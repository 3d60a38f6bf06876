"""Which files does a phone keep beside words that were not sent? Tests wait until it has them, then shut the page."""

from collections.abc import Callable

from browsing import PATIENCE_MS, Device

#: Files of a phone's own store that were not said yet.
UNSENT = """async () => {
    const database = await new Promise((done) => {
        const asked = indexedDB.open('truckroll-phone')
        asked.onsuccess = () => done(asked.result)
    })
    const reads = database.transaction('reads').objectStore('reads')
    const range = IDBKeyRange.bound('unsent ', 'unsent \\uffff')
    const found = await new Promise((done) => {
        const asked = reads.getAll(range)
        asked.onsuccess = () => done(asked.result)
    })
    database.close()
    return found.flatMap((each) => each.data).map((each) => each.size > 0 && each.type)
}"""


def until(phone: Device, is_so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        phone.page.wait_for_timeout(100)
    assert is_so()


def kept(phone: Device, kinds: list[str]) -> None:
    """Wait until the phone's store has these files that are not sent, and no other."""
    until(phone, lambda: phone.page.evaluate(UNSENT) == kinds)
