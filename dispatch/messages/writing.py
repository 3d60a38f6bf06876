"""In which words does this reader hear of this notice? Its scene, their language, their clock."""

from collections.abc import Mapping
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.messages.digests import OCCASION as DIGEST
from dispatch.messages.people import Person
from dispatch.messages.scene import Scene, Unsaid, read_scene, values_of
from dispatch.messages.wording import Said, Value, Written, write
from dispatch.record.tables import NoticeRow

#: Lines of a digest; the rest is counted.
_MAX_LINES = 50


def write_notice(session: Session, notice: NoticeRow, person: Person, scene: Scene) -> Written:
    """The notice's text in all its forms.

    Raises
    ------
    Unsaid
        When the record does not have what the text wants.
    """
    zone = ZoneInfo(person.zone or (scene.site.time_zone if scene.site else "UTC"))
    language = person.wishes.language
    if notice.occasion == DIGEST:
        return write(DIGEST, language, zone, _gathered(session, notice, person))
    return write(notice.occasion, language, zone, values_of(notice.occasion, scene))


def _gathered(session: Session, notice: NoticeRow, person: Person) -> Mapping[str, Value]:
    """A line for each notice that was gathered, as it would have been headed alone."""
    ids = [UUID(each) for each in notice.data["notices"]]
    rows = session.scalars(select(NoticeRow).where(NoticeRow.id.in_(ids[:_MAX_LINES])).order_by(NoticeRow.id))
    subjects = []
    for row in rows:
        try:
            subjects.append(write_notice(session, row, person, read_scene(session, row)).subject)
        except Unsaid:
            continue
    if not subjects:
        raise Unsaid("nothing of the digest can be put into words")
    more = [f"+ {len(ids) - len(subjects)}"] if len(ids) > len(subjects) else []
    lines = "\n".join(f"- {each}" for each in subjects)
    return {"num": len(ids), "first": subjects[0], "lines": Said("\n".join([lines, *more]))}
