"""Which PostgreSQL programs are installed, and as whom may we run them?

PostgreSQL refuses to run as root. As root it runs in a user namespace of its own, where root bears the number of an
ordinary user and the files stay where they are; where that is forbidden, as the user ``postgres`` with its data under
``/var/lib/truckroll``, which that user can reach.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dispatch.errors import MissingService

APT = "apt-get update && apt-get install -y --no-install-recommends postgresql-postgis"
#: The cluster's superuser, and the system user that Debian's package makes.
SUPERUSER = "postgres"

_log = logging.getLogger(__name__)
_VERSIONS = Path("/usr/lib/postgresql")
_POSTGIS = "/usr/share/postgresql/{version}/extension/postgis.control"
_STATE_OF_POSTGRES_USER = Path("/var/lib/truckroll")


@dataclass(frozen=True, slots=True)
class Programs:
    """One version's programs, the data they work on, and the user they run as."""

    version: str
    #: The cluster; its log and, while it is made, its unfinished form lie beside it.
    data: Path
    #: Words in front of every command that change the user; none to stay who we are.
    prefix: tuple[str, ...] = ()
    #: System user that the prefix changes to, when files must be handed to it.
    user: str | None = None

    @property
    def log(self) -> Path:
        """What the programs say, initdb included."""
        return self.data.with_name("postgres.log")

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the words that run a program as the right user."""
        return [*self.prefix, str(_VERSIONS / self.version / "bin" / program), *arguments]

    def give(self, folder: Path) -> Path:
        """Hand a folder to the user that the programs run as."""
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        return folder


def find_programs(folder: Path) -> Programs:
    """Find the programs for the cluster in this folder, there or yet to be made.

    Raises
    ------
    MissingService
        No version with PostGIS is installed, or not the version that wrote the data.
    """
    prefix, user, data = _as_whom(folder)
    return Programs(_version_for(data), data, prefix, user)


def installed_versions() -> list[str]:
    """Return the versions that have a server and PostGIS, newest first."""
    found = [path.parent.parent.name for path in _VERSIONS.glob("*/bin/postgres")]
    able = [version for version in found if Path(_POSTGIS.format(version=version)).exists()]
    return sorted(able, key=lambda version: [int(part) for part in version.split(".") if part.isdigit()], reverse=True)


def _version_for(data: Path) -> str:
    versions = installed_versions()
    if not versions:
        raise MissingService("PostgreSQL", "no version with PostGIS is installed", f"install it: {APT}")
    stamp = data / "PG_VERSION"
    if not stamp.exists():
        return versions[0]
    written_by = stamp.read_text().strip()
    if written_by not in versions:
        way_out = f"install it: apt-get install -y --no-install-recommends postgresql-{written_by}-postgis-3"
        raise MissingService("PostgreSQL", f"{data} was written by version {written_by}", way_out)
    return written_by


def _as_whom(folder: Path) -> tuple[tuple[str, ...], str | None, Path]:
    here = folder / "data"
    if os.geteuid() != 0:
        return (), None, here
    if namespace := _user_namespace():
        return namespace, None, here
    elsewhere = _STATE_OF_POSTGRES_USER / hashlib.sha256(os.fsencode(folder)).hexdigest()[:12] / "data"
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    _log.warning("running as root: PostgreSQL runs as user %s, its data are in %s", SUPERUSER, elsewhere)
    return ("setpriv", f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--clear-groups", "--"), SUPERUSER, elsewhere


def _user_namespace() -> tuple[str, ...]:
    # initdb looks its own number up in the list of users, so it must be the number of somebody who is there.
    try:
        account = pwd.getpwnam(SUPERUSER)
    except KeyError:
        return ()
    prefix = ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--")
    try:
        works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return ()
    return prefix if works else ()
