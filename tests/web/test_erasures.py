"""Who asks to be erased, where; and who decides, seeing what holds it up: in a real browser."""

import pytest
from browsing import DESK, PHONE, Devices
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done
from playwright.sync_api import Route, expect
from signing import add_staff
from sitting import fits, goes, in_panel, sits_down


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_staff_ask_on_the_page_of_themselves_read_what_follows_and_take_it_back(
    devices: Devices, acme: Dressed, size: tuple[int, int]
) -> None:
    with devices.device(size) as desk:
        sits_down(devices, desk, ADMIN)
        desk.opens("/desk/account")
        desk.sees("You can ask that what is held on you goes for good.")
        desk.presses("Ask to be erased")
        dialog = desk.page.get_by_role("dialog")
        expect(dialog).to_contain_text("stays with that work, without your name")
        expect(dialog).to_contain_text("After that nobody can undo it.")
        assert desk.barriers() == []
        assert acme.operator.get("/v1/erasures").json()["items"] == [], "reading it asks for nothing"
        in_panel(desk, "Ask to be erased")
        desk.sees("Waits for a person")
        desk.sees("Decided by")
        assert desk.barriers() == []
        assert fits(desk)
        [asked] = acme.operator.get("/v1/erasures").json()["items"]
        assert (asked["state"], asked["moves"]) == ("asked", ["grant", "refuse"])
        desk.presses("Take it back")
        in_panel(desk, "Take it back")
        expect(desk.page.get_by_role("button", name="Ask again", exact=True)).to_be_visible()
        assert acme.operator.get("/v1/erasures").json()["items"][0]["state"] == "withdrawn"
    with devices.device(size, locale="es-US") as desk:
        devices.sign_in(desk, ADMIN, "nav, header button")
        desk.opens("/desk/account")
        desk.presses("Pedirlo de nuevo")
        desk.sees("Lo que decidió, aprobó y anotó para un cliente")
        in_panel(desk, "Pedir que me borren")
        desk.sees("Espera la decisión de una persona")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_an_operator_sees_who_waits_what_holds_each_one_and_decides(
    devices: Devices, acme: Dressed, size: tuple[int, int]
) -> None:
    town = devices.town
    ray = town.world.technicians[1]
    add_staff(town, "operator", "ned@network.example", "Ned Okafor")
    with devices.device() as phone, devices.device(size) as olga, devices.device(DESK) as rosa:
        devices.sign_in(phone, devices.address_of(ray))
        phone.opens("/phone/settings")
        phone.presses("Ask to be erased")
        phone.sees("What is yours already is done and paid first.")
        assert phone.barriers() == []
        in_panel(phone, "Ask to be erased")
        phone.sees("Work that is not paid yet")
        phone.sees("A dispute that is not decided")
        assert phone.barriers() == []
        assert fits(phone)
        sits_down(devices, rosa, DISPATCHER)
        rosa.opens("/desk/account")
        rosa.presses("Ask to be erased")
        in_panel(rosa, "Ask to be erased")
        rosa.sees("Waits for a person")

        sits_down(devices, olga, OPERATOR)
        olga.opens("/desk/account")
        olga.presses("Ask to be erased")
        in_panel(olga, "Ask to be erased")
        olga.sees("Waits for a person")
        goes(olga, "Erasures")
        hers, rosas, rays = (olga.page.get_by_role("listitem").filter(has_text=name) for name in NAMED)
        expect(rays).to_contain_text("technician")
        expect(rays).to_contain_text("Work that is not paid yet")
        expect(rays).to_contain_text("A dispute that is not decided")
        expect(rays).to_contain_text("30 d")
        expect(rosas).to_contain_text(DISPATCHER)
        expect(rosas).to_contain_text("Nothing is in the way.")
        expect(hers).to_contain_text("This is you: another operator has to decide.")
        expect(hers.get_by_role("button")).to_have_count(0)
        assert olga.barriers() == []
        assert fits(olga)

        olga.presses("Grant: Rosa Marsh")
        olga.sees("What they decided stays. Nobody can undo that.")
        assert olga.barriers() == []
        in_panel(olga, "Grant")
        olga.presses("Refuse: Ray Diaz")
        olga.page.get_by_label("It is needed for a claim").check()
        assert olga.barriers() == []
        in_panel(olga, "Refuse")
        expect(rosas).to_have_count(0)
        expect(rays).to_have_count(0)
        olga.page.get_by_label("Granted", exact=True).check()
        expect(rosas).to_contain_text("Nothing is in the way.")
        olga.page.get_by_label("Done", exact=True).check()
        olga.sees("Nobody was erased")
        assert olga.barriers() == []
        phone.opens("/phone/settings")
        phone.sees("It is needed for a claim")
        expect(phone.page.get_by_role("button", name="Ask again", exact=True)).to_be_visible()
        states = {each["technician_id"] or each["staff_id"]: each["state"] for each in _all(acme)}
        assert sorted(states.values()) == ["asked", "granted", "refused"]
        assert states[str(ray)] == "refused"


NAMED = ("Olga Brandt", "Rosa Marsh", "Ray Diaz")


def test_who_takes_a_granted_erasure_back_takes_offers_again_on_the_phone(devices: Devices) -> None:
    town = devices.town
    me, operator = town.technician(0), town.key("operator")
    who = f"/v1/technicians/{town.world.technicians[0]}"
    email = devices.address_of(town.world.technicians[0])

    def is_granted() -> None:
        asked = done(me.post("/v1/technicians/me/erasure"))
        done(operator.post(f"/v1/erasures/{asked['id']}/grant"))
        assert done(me.get(who))["state"] == "paused"

    is_granted()
    with devices.device() as phone:
        devices.sign_in(phone, email)
        phone.opens("/phone/settings")
        phone.sees("Granted")
        again = phone.page.get_by_role("button", name="Take offers again", exact=True)
        phone.presses("Take it back")
        expect(phone.page.get_by_role("dialog")).to_contain_text("You are paused since it was granted")
        expect(again).to_have_count(0)
        in_panel(phone, "Take it back")
        phone.sees("You are paused: no new work is offered to you.")
        assert phone.barriers() == []
        assert fits(phone)
        # What a server that is away was asked is asked again under the same name.
        names: list[str] = []

        def away(route: Route) -> None:
            names.append(route.request.headers["idempotency-key"])
            if len(names) == 1:
                route.fulfill(status=503, content_type="application/problem+json", body='{"code": "unavailable"}')
            else:
                route.continue_()

        phone.page.route("**/v1/technicians/*/resume", away)
        again.click()
        phone.presses("Try again")
        phone.sees("New work is offered to you again.")
        expect(again).to_have_count(0)
        assert len(names) == 2
        assert names[0] == names[1]
        assert phone.barriers() == []
        assert done(me.get(who))["state"] == "active"
        phone.page.reload()
        expect(phone.page.get_by_role("button", name="Ask again", exact=True)).to_be_visible()
        expect(again).to_have_count(0)
    is_granted()
    with devices.device(locale="es-US") as phone:
        devices.sign_in(phone, email)
        phone.opens("/phone/settings")
        phone.presses("Retirarlo")
        in_panel(phone, "Retirarlo")
        phone.presses("Recibir ofertas otra vez")
        phone.sees("Se le ofrece trabajo nuevo otra vez.")
        assert done(me.get(who))["state"] == "active"


def test_a_list_that_cannot_be_read_says_so_and_is_read_again(devices: Devices, acme: Dressed) -> None:
    is_away = True

    def away(route: Route) -> None:
        if is_away:
            route.fulfill(status=503, content_type="application/problem+json", body='{"code": "unavailable"}')
        else:
            route.continue_()

    done(devices.town.by_id(devices.town.world.technicians[1]).post("/v1/technicians/me/erasure"))
    with devices.device(DESK) as olga:
        sits_down(devices, olga, OPERATOR)
        olga.page.route("**/v1/erasures?*", away)
        goes(olga, "Erasures")
        again = olga.page.get_by_role("button", name="Try again")
        expect(again).to_be_visible()
        assert olga.barriers() == []
        is_away = False
        again.click()
        olga.sees("Ray Diaz")
        expect(again).to_have_count(0)


def _all(acme: Dressed) -> list[dict[str, str]]:
    found: list[dict[str, str]] = done(acme.operator.get("/v1/erasures"))["items"]
    return found
