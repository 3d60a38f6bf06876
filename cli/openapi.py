"""How is the API described? Printed without any server, for whoever generates a client."""

from __future__ import annotations

import json

import typer

from cli.lazy import load
from dispatch.settings import Settings


def openapi() -> None:
    """Print the API's description, OpenAPI 3.1, as JSON.

    For example: truckroll openapi > truckroll.json
    """
    # Nothing is connected to before the first request.
    nowhere = Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost:1/0")
    typer.echo(json.dumps(load("api.app:create_app")(nowhere).openapi(), ensure_ascii=False))
