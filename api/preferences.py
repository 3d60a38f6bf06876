"""How do I want to hear of things? Channels, language, quiet hours, digest, devices: each for themselves."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import STAFF, only
from api.errors import Stale
from api.etags import is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.parts import parts_of, writing
from api.schemas.messages import DeviceIn, DeviceOut, PreferencesOut, PreferencesPatch, PushOut
from api.schemas.talent import QuietHours
from api.versions import content_etag, content_version
from dispatch.messages.adapters.push import public_key
from dispatch.messages.wishes import add_device, change_wishes, device_host, device_id, find_person, remove_device
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import StaffRow, TechnicianRow
from dispatch.talent.words import checked_phone

router = APIRouter(prefix="/v1/preferences", tags=["preferences"])

#: A person: a technician, or a member of staff whose key was made for them.
Person = Annotated[Actor, Depends(only("technician", *STAFF, "operator"))]


@router.get("", response_model=PreferencesOut, summary="Read your preferences")
def get_preferences(request: Request, actor: Person) -> Response:
    """How you hear of things. The ETag guards a change."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        shown = _show(find_person(session, actor))
    if is_known(request, content_version(shown)):
        return Response(status_code=304, headers=content_etag(shown))
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.patch("", response_model=PreferencesOut, summary="Change your preferences")
def patch_preferences(request: Request, actor: Person, patch: PreferencesPatch) -> Response:
    """Change what is named; null takes a wish back. Needs If-Match with the ETag."""
    version = wanted_version(request, "preferences")
    changes: dict[str, Any] = patch.model_dump(include=patch.model_fields_set)
    if changes.get("phone") is not None:
        changes["phone"] = checked_phone("phone", changes["phone"])
    with writing(request, actor, "engine") as session:
        person = find_person(session, actor, hold=True)
        if content_version(_show(person)) != version:
            raise Stale("preferences")
        change_wishes(session, actor, person, changes, now=database_now(session))
        shown = _show(person)
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.get("/push", response_model=PushOut, summary="How does a browser subscribe?")
def get_push(request: Request, actor: Person) -> PushOut:
    """The key with which a browser subscribes to pushes from here, if any are sent."""
    private = parts_of(request).settings.push_private_key
    return PushOut(key=None if private is None else public_key(private))


@router.post("/devices", response_model=PreferencesOut, summary="Get pushes in this browser")
def post_device(request: Request, actor: Person, device: DeviceIn) -> Response:
    """Send the browser's subscription; the last five are kept."""

    def work(session: Session, now: datetime) -> Reply:
        person = find_person(session, actor, hold=True)
        add_device(session, actor, person, device.model_dump(), now=now)
        return Reply(_show(person))

    return idempotent(request, actor, work)


@router.delete("/devices/{device_id}", status_code=204, response_class=Response, summary="No pushes in a browser")
def delete_device(request: Request, actor: Person, device_id: str) -> Response:
    """Nothing is sent there any more."""
    with writing(request, actor, "engine") as session:
        person = find_person(session, actor, hold=True)
        remove_device(session, actor, person, device_id, now=database_now(session))
    return Response(status_code=204)


def _show(person: TechnicianRow | StaffRow) -> PreferencesOut:
    document: dict[str, Any] = person.preferences
    devices = [DeviceOut(id=device_id(each), host=device_host(each)) for each in document.get("devices", ())]
    return PreferencesOut(
        language=document.get("language", "en"),
        channels=document.get("channels", {}),
        digest=document.get("digest", "never"),
        digest_at=document.get("digest_at", "07:30"),
        quiet=_quiet(person),
        time_zone=person.time_zone if isinstance(person, TechnicianRow) else document.get("time_zone"),
        phone=person.phone,
        devices=devices,
    )


def _quiet(person: TechnicianRow | StaffRow) -> QuietHours | None:
    if isinstance(person, StaffRow):
        span = person.preferences.get("quiet")
        return QuietHours(**span) if span else None
    if person.quiet_from is None or person.quiet_to is None:
        return None
    return QuietHours(begin=f"{person.quiet_from:%H:%M}", end=f"{person.quiet_to:%H:%M}")
