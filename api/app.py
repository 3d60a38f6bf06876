"""The application: its routers, its middleware, and what it holds while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import (
    admissions,
    agreements,
    alarms,
    asking,
    assignments,
    audits,
    board,
    bringing,
    budgets,
    bundles,
    calendars,
    candidates,
    catalogues,
    charges,
    cleared,
    clients,
    coverage,
    credentials,
    crews,
    day,
    deliverables,
    disputepacks,
    disputes,
    documents,
    duty,
    endings,
    engagement,
    erasures,
    files,
    gateway,
    health,
    holds,
    incidents,
    jobs,
    keys,
    live,
    maps,
    market,
    me,
    money,
    mornings,
    notices,
    offers,
    oidc,
    openpools,
    payouts,
    phone,
    pools,
    preferences,
    promises,
    proposals,
    queue,
    reach,
    removals,
    reputation,
    reviews,
    rulepacks,
    schedules,
    series,
    sessions,
    signin,
    siterequests,
    sites,
    story,
    talent,
    templates,
    threads,
    timelog,
    trouble,
    uploads,
    usage,
    visitparts,
    visits,
    webhooks,
    whereabouts,
)
from api.cookies import Private
from api.deadline import Deadline
from api.docs import add_docs
from api.faces import add_faces
from api.filesweep import keep_swept
from api.hub import Hub
from api.limits import Limiter
from api.metrics import Measure, Metrics
from api.openapi import describe, operation_id
from api.parts import Parts
from api.problems import answer_error, kinds_of_errors
from api.streamkeys import Watch
from api.strictjson import StrictJson
from dispatch.bell import Bell
from dispatch.errors import BadInput
from dispatch.feed import Feed
from dispatch.files.storing import open_store
from dispatch.record.datakeys import read_ring
from dispatch.record.session import connect
from dispatch.rehearsal import rehearse
from dispatch.settings import Settings, read_settings
from dispatch.signin.oidc import Provider
from dispatch.talent.packfiles import go_by
from geo.places import find_place
from geo.restdays import region_of

#: Every router, in the order of the description; one whose path ends in a word comes before one that takes any word.
ROUTERS = (
    signin.router,
    oidc.router,
    me.router,
    sessions.router,
    live.router,
    board.router,
    jobs.router,
    uploads.router,
    story.router,
    candidates.router,
    reach.router,
    coverage.router,
    queue.router,
    trouble.router,
    alarms.router,
    duty.router,
    promises.router,
    offers.router,
    asking.router,
    assignments.router,
    market.router,
    bundles.router,
    cleared.router,
    threads.router,
    notices.router,
    calendars.router,
    preferences.router,
    gateway.router,
    budgets.router,
    money.router,
    mornings.router,
    disputes.router,
    payouts.router,
    templates.router,
    series.router,
    visits.router,
    whereabouts.router,
    day.router,
    endings.router,
    timelog.router,
    phone.router,
    proposals.router,
    charges.router,
    incidents.router,
    reputation.router,
    reviews.router,
    visitparts.router,
    deliverables.router,
    disputepacks.router,
    siterequests.router,
    files.router,
    crews.router,
    agreements.router,
    clients.router,
    sites.router,
    admissions.router,
    pools.router,
    openpools.router,
    bringing.router,
    removals.router,
    schedules.router,
    documents.router,
    credentials.router,
    catalogues.router,
    erasures.router,
    talent.router,
    usage.router,
    rulepacks.router,
    audits.router,
    holds.router,
    engagement.router,
    maps.router,
    keys.router,
    webhooks.router,
    health.router,
)

#: Connections that have done it all once when the first request comes.
_NUM_REHEARSED = 6

_ABOUT = """A job is posted, the right technicians are asked, exactly one gets each slot, everyone can see why.

Every POST takes an `Idempotency-Key`; every PATCH an `If-Match`. Errors are Problem Details (RFC 9457)."""


def create_app(settings: Settings, *, is_for_life: bool = False) -> FastAPI:
    """The application against the servers that `settings` name.

    With `is_for_life`, the process is there for this application alone, until it ends: the main job is tried before
    the first request is taken (see `dispatch.rehearsal`), and what was loaded is never looked through for garbage.

    Raises
    ------
    BadInput
        When the settings name no database or no Redis.
    PackError
        When they name packs of limits that cannot be used.
    """
    for name in ("database_url", "redis_url"):
        if getattr(settings, name) is None:
            raise BadInput(f"TRUCKROLL_{name.upper()}", None, "set it, or start `truckroll up`, which brings its own")
    go_by(settings.packs_dir)
    metrics, provider = Metrics(), _provider(settings)
    app = FastAPI(
        title="Truckroll",
        version="1",
        summary="Dispatch of field technicians",
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_while_it_runs(settings, metrics, provider, is_for_life),
        redirect_slashes=False,
        generate_unique_id_function=lambda route: operation_id(route.name),
    )
    # Before the routers: one of them answers at the root, where there are no faces.
    add_faces(app, settings)
    add_docs(app)
    for router in ROUTERS:
        app.include_router(router)
    # By name: what the trouble list says can be done.
    app.state.routes = {each.name: each for router in ROUTERS for each in router.routes if isinstance(each, APIRoute)}
    for kind in (*kinds_of_errors(), Exception):
        app.add_exception_handler(kind, answer_error)
    # The last one added is the first to see a request.
    app.add_middleware(StrictJson)
    app.add_middleware(Deadline)
    app.add_middleware(Private)
    app.add_middleware(Measure, metrics=metrics)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def app_from_environment() -> FastAPI:
    """The application as the environment says, for `uvicorn --factory api.app:app_from_environment`."""
    return create_app(read_settings(), is_for_life=True)


def _while_it_runs(  # type: ignore[no-untyped-def]
    settings: Settings, metrics: Metrics, provider: Provider | None, is_for_life: bool
):
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert settings.database_url is not None
        assert settings.redis_url is not None
        # A second's work that the first site with a ZIP code would else wait for, with a transaction open.
        find_place("00000")
        # And the holidays of the whole world, which the first look at a site's calendar would read.
        region_of("US", "TX")
        ring = read_ring(settings.data_keys, settings.data_dir)
        engine = connect(settings.database_url, name="truckroll api", ring=ring)
        limiter, files = Limiter(settings.redis_url, settings), open_store(settings.files_url, settings.data_dir)
        bell = Bell(settings.redis_url)
        feed = Feed(is_for_life=is_for_life)
        app.state.parts = parts = Parts(settings, engine, bell, limiter, metrics, files, provider, ring, feed)
        app.state.hub = hub = Hub(Bell(settings.redis_url), Watch(engine))
        if is_for_life:
            await asyncio.to_thread(rehearse, engine, _NUM_REHEARSED)
        ends = (hub.start(asyncio.get_running_loop()), parts.keep_fresh(), keep_swept(parts))
        try:
            yield
        finally:
            for end in ends:
                end()
            bell.close()
            limiter.close()
            engine.dispose()

    return lifespan


def _provider(settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise BadInput("TRUCKROLL_OIDC_CLIENT_ID", None, "set it: the provider knows this installation by it")
    return Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
