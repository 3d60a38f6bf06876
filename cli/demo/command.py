"""`truckroll demo`: a day's jobs posted, asked about, taken by exactly one each; live, on real places."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import httpx2
import typer
from rich.console import Console

from cli.children import end_as_by_ctrl_c
from cli.demo.account import accounts
from cli.demo.cascades import Cascades
from cli.demo.customers import POLICY, Client
from cli.demo.day import Day
from cli.demo.disagreements import Disagreements
from cli.demo.listening import Listeners, listeners
from cli.demo.players import Players
from cli.demo.show import count, count_day, percentiles, read_counters, read_ended
from cli.demo.stage import Stage, stage
from cli.demo.telling import tell_clients, tell_trust
from cli.demo.visitors import Visitor, invite
from cli.demo.world import make_jobs
from cli.hold import hold_in_background
from cli.options import Json
from dispatch.errors import TruckrollError
from dispatch.settings import read_settings
from geo.places import load_places

#: Jobs posted a second: a hundred times the largest incumbent's volume.
_JOBS_A_SECOND = 3.6
#: Seconds after the last post in which every job must have ended: three waves and some slack.
_ENDS_WITHIN_S = 60.0
_HELD_MIN = 60.0
_MOST_SITES = 150


def demo(
    once: Annotated[bool, typer.Option("--once", help="Leave when all jobs have ended; else go on serving.")] = False,
    technicians: Annotated[int, typer.Option(min=100, max=200_000, help="How many made-up technicians.")] = 20_000,
    jobs: Annotated[int, typer.Option(min=1, max=10_000, help="How many jobs are posted.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes up the same world.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0 takes a free one.")] = 0,
    as_json: Json = False,
) -> None:
    """Post jobs at real places, ask the right technicians, give each to exactly one, and say why.

    Technicians are made up and answer by a seeded model, through the real HTTP API; places are real ZIP codes.

    For example: truckroll demo --once --jobs 50
    """
    end_as_by_ctrl_c()
    started = time.monotonic()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    settings = read_settings()
    _introduce(console)

    def say(line: str) -> None:
        console.print(f"  {line}")

    with stage(settings, technicians, min(jobs, _MOST_SITES), seed=seed, port=port, say=say) as there:
        with listeners(there, seed) as listening, Players(there.base_url, there.gateway_key, seed) as players:
            day = Day(there, seed)
            day.plan_duty()
            _play(console, there, jobs, seed)
            cascades = Cascades(there, say).happen()
            figures = _figures(there, players) | {"cascades": cascades}
            day.play(say)
            figures |= _after(Disagreements(there, say), day)
            listening.wait_for_all()
        summary = _summary(there, figures, listening, time.monotonic() - started)
        _show_summary(console, summary, players)
        _show_day(console, summary, day)
        for line in (*tell_clients(summary["clients"]), *tell_trust(summary)):
            console.print(line)
        console.print(f"{summary['seconds']:.0f} s in all; next: truckroll explain WO-88000, truckroll replay --all")
        visitors = [] if once else invite(there)
        if as_json:
            typer.echo(json.dumps(summary | {"visitors": [asdict(each) for each in visitors]}))
        if not once:
            _serve(console, there, visitors)
        if there.services.postgres is not None:
            hold_in_background(settings, _HELD_MIN)
            console.print(f"PostgreSQL stays up for {_HELD_MIN:.0f} minutes to look at; end it: truckroll hold --end")


def _introduce(console: Console) -> None:
    places, report = load_places()
    dropped = ", ".join(f"{num} {reason.replace('_', ' ')}" for reason, num in report.num_dropped.items())
    console.print(f"[bold]Truckroll[/]: the main job on {len(places):,} ZIP codes (left out: {dropped})")
    wave = POLICY["wave"]
    console.print(
        f"  waves of {wave['min_size']} to {wave['max_size']} technicians, {wave['answer_s']:.0f} s to answer"
    )


def _play(console: Console, there: Stage, num_jobs: int, seed: int) -> None:
    """Post the jobs at their pace and show each as it ends."""
    sites = [site for _, _, site in there.sites]
    seen: set[UUID] = set()
    with httpx2.Client(base_url=there.base_url, timeout=10.0) as http:
        begun = time.monotonic()
        kept: dict[UUID, dict[str, Any]] = {}
        for num, job in enumerate(make_jobs(sites, num_jobs, seed=seed, now=datetime.now(UTC))):
            kept.setdefault(there.sites[job["site"]][0], job)
            time.sleep(max(0.0, begun + num / _JOBS_A_SECOND - time.monotonic()))
            _post(http, there, job)
            if num % 4 == 3:
                _look(console, there, http, seen)
        for job in kept.values():
            _keep(http, there, job)
        deadline_s = time.monotonic() + _ENDS_WITHIN_S
        while len(seen) < num_jobs:
            if time.monotonic() > deadline_s:
                num_left = num_jobs - len(seen)
                raise TruckrollError(f"{num_left} jobs have not ended {_ENDS_WITHIN_S:.0f} s after the last post")
            time.sleep(0.25)
            _look(console, there, http, seen)


def _post(http: httpx2.Client, there: Stage, job: dict[str, Any]) -> None:
    """Post a job as the client whose site it is at."""
    client_id, site_id, _ = there.sites[job["site"]]
    client = there.client(client_id)
    body = {name: value for name, value in job.items() if name != "site"} | {"site_id": str(site_id)}
    _send(http, client, "/v1/jobs", body | {"slots": _slots(client, job)}, f"demo-{job['number']}")


def _keep(http: httpx2.Client, there: Stage, job: dict[str, Any]) -> None:
    """Keep its work as a template of that client, for whoever posts by hand."""
    client = there.client(there.sites[job["site"]][0])
    work = {name: job[name] for name in ("title", "job_type", "duration_min")} | {"slots": _slots(client, job)}
    _send(http, client, "/v1/templates", {"name": job["title"], "job": work}, f"demo-template-{job['number']}")


def _slots(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """With what the client asks of all."""
    return [{**slot, "needs": client.needs(slot["needs"])} for slot in job["slots"]]


def _send(http: httpx2.Client, client: Client, path: str, body: dict[str, Any], key: str) -> None:
    reply = http.post(path, json=body, headers=_by(client, key))
    if reply.status_code != 201:
        raise TruckrollError(f"POST {path} answered {reply.status_code}: {reply.text[:500]}")


def _by(client: Client, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.staff_key}", "Idempotency-Key": key}


def _look(console: Console, there: Stage, http: httpx2.Client, seen: set[UUID]) -> None:
    """Show what ended, and say yes to who asked for more: a client pays a quarter more rather than wait."""
    with there.reading() as session:
        ended = read_ended(session, seen)
        counters = read_counters(session)
    for each in ended:
        seen.add(each.job_id)
        console.print(each.line)
    for counter, client_id in counters:
        headers = _by(there.client(client_id), f"demo-{counter}")
        reply = http.post(f"/v1/counters/{counter}/accept", headers=headers)
        if reply.status_code not in (200, 404, 409):
            raise TruckrollError(f"POST /v1/counters/…/accept answered {reply.status_code}: {reply.text[:500]}")


def _figures(there: Stage, players: Players) -> dict[str, Any]:
    """What was counted when every job had ended, those of the cascades' scenes among them."""
    with there.reading() as session:
        return {**count(session), "accept_ms": percentiles(players.accept_ms)}


def _after(scenes: Disagreements, day: Day) -> dict[str, Any]:
    """What is looked at again once the day is over."""
    doubted = day.doubted
    pack = scenes.dispute(doubted.job, doubted.number, doubted.technician) if doubted else None
    return {"appeal": scenes.appeal(), "dispute_pack": pack}


def _summary(there: Stage, figures: dict[str, Any], listening: Listeners, seconds: float) -> dict[str, Any]:
    with there.reading() as session:
        day = count_day(session)
    url = there.services.postgres.url(user="postgres") if there.services.postgres else there.services.database_url
    return {
        **figures,
        **day,
        "clients": accounts(there),
        "webhooks": listening.figures(),
        "seconds": round(seconds, 1),
        "database_url": url.replace("postgresql+psycopg2://", "postgresql://", 1),
    }


def _show_summary(console: Console, summary: dict[str, Any], players: Players) -> None:
    offers, jobs = summary["offers"], summary["jobs"]
    console.print(
        f"\n[bold]{jobs} jobs: {summary['assigned']} assigned, {summary['unfilled']} unfilled with reasons[/], "
        f"{summary['double_assignments']} double assignments (counted from the database)"
    )
    posted, yes = summary["post_to_offers_ms"], summary["accept_ms"]
    console.print(f"{offers:,} offers, {offers / jobs:.0f} a job; {summary['technicians']:,} technicians")
    console.print(f"from post to offers: median {posted['p50']} ms, p99 {posted['p99']} ms")
    console.print(f"from yes to answer: median {yes['p50']} ms, p99 {yes['p99']} ms, {len(players.accept_ms)} times")
    heard = ", ".join(f"{num} {what}" for what, num in players.answers.most_common())
    console.print(f"answers: {heard}")
    if players.faults:
        console.print(f"[red]faults: {dict(players.faults)}[/]")


def _show_day(console: Console, summary: dict[str, Any], day: Day) -> None:
    visits = ", ".join(f"{num} {how.replace('_', ' ')}" for how, num in summary["visits"].items())
    hooks = summary["webhooks"]
    console.print(
        f"[bold]the day: {visits}[/]; {summary['reschedules']} rescheduled, {summary['escalations']} escalations, "
        f"{summary['messages']:,} messages"
    )
    console.print(
        f"webhooks: {hooks['sent']:,} delivered, {hooks['retried']} tried again, {hooks['out_of_order']} out of order"
    )
    console.print("what people did: " + ", ".join(f"{num} {what}" for what, num in sorted(day.said.items())))


def _serve(console: Console, there: Stage, visitors: Sequence[Visitor]) -> None:
    console.print(f"\nServing at [bold]{there.base_url}[/] (the API's description at /v1/docs); Ctrl-C ends it.")
    for client in there.clients:
        console.print(f"  a dispatcher's key, {client.customer.name}: {client.staff_key}")
    console.print("Look at it in a browser; each link signs you in once, within 12 hours:")
    for each in visitors:
        console.print(f"  {each.role.replace('_', ' '):<12}  {each.link}  {each.name}")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
