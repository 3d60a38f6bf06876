"""Why did this technician get the job, and why not that one?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.options import Json
from cli.record import engine_session
from dispatch.jobs.explaining import Holder, JobStory, find_job_by_words, tell_job, tell_technician
from dispatch.record.tables import JobRow
from geo.timezones import zone
from matching.decision import Placed
from matching.explain import Explanation, TechnicianExplanation


def explain(
    job: Annotated[str, typer.Argument(help="The client's number of the job, or its id.")],
    technician: Annotated[str | None, typer.Option(help="Tell of this technician alone: number or id.")] = None,
    as_json: Json = False,
) -> None:
    """Say who got the job and why, who was next, who may not and why, and what would let more.

    For example: truckroll explain WO-88121 --technician T-00017
    """
    console = Console(highlight=False, soft_wrap=True)
    with engine_session() as session:
        found = find_job_by_words(session, job)
        if technician is not None:
            row, told = tell_technician(session, found, technician)
            if as_json:
                typer.echo(json.dumps({"job": str(found.id), "name": row.name, **told.to_document()}))
            else:
                _show_technician(console, found, row.name, told)
            return
        story = tell_job(session, found)
        if as_json:
            typer.echo(json.dumps(_document(story)))
        else:
            _show(console, story)


def _show(console: Console, story: JobStory) -> None:
    local = zone(story.site.time_zone)
    visit = story.visit
    start, end = visit.window_start_at.astimezone(local), visit.window_end_at.astimezone(local)
    console.print(f"[bold]{story.job.number}[/]  {story.job.title}")
    console.print(f"{story.site.name}, {story.site.town} {story.site.region}")
    work = f"{visit.duration_min} minutes of work; now {story.job.state.replace('_', ' ')}"
    console.print(f"{start:%a %d %b %H:%M} to {end:%H:%M %Z}, {work}")
    deciding = _deciding(story)
    for holder in story.holders:
        _show_holder(console, story, holder, deciding)
    if not story.holders:
        console.print("\n[bold]Nobody has it.[/]")
    for wave in reversed(story.waves):
        answers = ", ".join(f"{num} {state.replace('_', ' ')}" for state, num in sorted(wave.answers.items()))
        at = f"{wave.sent_at.astimezone(local):%H:%M:%S}"
        console.print(f"Wave {wave.num}: {sum(wave.answers.values())} asked at {at}: {answers}")
    if deciding is not None:
        _show_explanation(console, story, deciding)


def _show_holder(console: Console, story: JobStory, holder: Holder, told: Explanation | None) -> None:
    start = holder.start_at.astimezone(zone(story.site.time_zone))
    verb = "has it" if holder.state in ("live", "finished") else f"had it ({holder.state})"
    console.print(f"\n[bold]{holder.name} {verb}[/], from {start:%a %H:%M}, {holder.after_s:.1f} s after posting")
    placed = next((each for each in (told.asked if told else ()) if each.technician == holder.technician_id), None)
    if placed is not None:
        console.print(f"  place {placed.place}, {_parts(placed)}")
    if holder.offer is not None and holder.offer.distance_m is not None and holder.offer.travel_s is not None:
        minutes = round(holder.offer.travel_s / 60)
        console.print(f"  {holder.offer.distance_m / 1000:.1f} km away, about {minutes} minutes of travel")


def _show_explanation(console: Console, story: JobStory, told: Explanation) -> None:
    outcome = f"{told.outcome[:1].upper()}{told.outcome[1:]}"
    console.print(f"\n[bold]{told.num_in_reach} in reach, {told.num_may} may.[/] {outcome}.")
    holders = {holder.technician_id for holder in story.holders}
    following = [each for each in (*told.asked, *told.next_best) if each.technician not in holders][:3]
    if following:
        console.print("\nThe next best:")
        for each in following:
            console.print(f"  {each.place:>3}  {story.names.get(each.technician, each.technician)}  {_parts(each)}")
    if told.reasons:
        table = Table(title="Why the others may not", title_justify="left", title_style="", box=None, padding=(0, 2))
        table.add_column("technicians", justify="right")
        table.add_column("reason", no_wrap=True)
        table.add_column("rule", style="dim")
        for reason in sorted(told.reasons, key=lambda each: -(each.num_technicians or 0)):
            table.add_row(reason.count_text, reason.words, reason.code)
        console.print()
        console.print(table)
    if told.changes:
        console.print("\nMore could do it if:")
        for change in told.changes:
            console.print(f"  {change.text}")


def _show_technician(console: Console, job: JobRow, name: str, told: TechnicianExplanation) -> None:
    verdict = "may do it" if told.may else "may not do it"
    asked = "and was asked" if told.was_asked else "and was not asked"
    console.print(f"[bold]{name} {verdict}[/] {asked}: {job.number}, {job.title}")
    for tick in told.ticks:
        console.print(f"  {'yes' if tick.holds else 'NO ':3}  {tick.rule.code:<11} {tick.text}")
    if told.place is not None:
        console.print(f"Place {told.place} of {told.num_may}; score {told.total:.3f} = {_sum(told.parts)}")


def _deciding(story: JobStory) -> Explanation | None:
    """The decision by which the present holder was asked; else the newest."""
    holders = {holder.technician_id for holder in story.holders if holder.state in ("live", "finished")}
    for _, told in story.explanations:
        if holders & {placed.technician for placed in told.asked}:
            return told
    return story.explanations[0][1] if story.explanations else None


def _parts(placed: Placed) -> str:
    return f"score {placed.total:.3f} = {_sum(placed.parts)}"


def _sum(parts: Mapping[str, float]) -> str:
    return " + ".join(f"{name} {part:.3f}" for name, part in sorted(parts.items(), key=lambda each: -each[1]) if part)


def _document(story: JobStory) -> dict[str, Any]:
    return {
        "job": str(story.job.id),
        "number": story.job.number,
        "state": story.job.state,
        "holders": [
            {
                "technician": str(holder.technician_id),
                "name": holder.name,
                "state": holder.state,
                "start_at": holder.start_at.isoformat(),
                "after_s": holder.after_s,
            }
            for holder in story.holders
        ],
        "waves": [
            {
                "num": wave.num,
                "sent_at": wave.sent_at.isoformat(),
                "until_at": wave.until_at.isoformat(),
                "answers": wave.answers,
            }
            for wave in story.waves
        ],
        "decisions": [
            {"decision": str(row.id), "decided_at": row.decided_at.isoformat(), **told.to_document()}
            for row, told in story.explanations
        ],
        "names": {str(technician): name for technician, name in story.names.items()},
        "unfilled": story.job.unfilled,
    }
