"""Which PostgreSQL programs are installed, and as whom may we run them?

PostgreSQL refuses to run as root. As root it runs in a user namespace of its own, where root bears the number of an
ordinary user and the files stay where they are; where that is forbidden, as the user ``postgres`` with its data under
``/var/lib/truckroll``, which it can reach.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dispatch.errors import MissingService

APT = "apt-get update && apt-get install -y --no-install-recommends postgresql-postgis"
#: The cluster's superuser, and the system user that Debian's package makes.
SUPERUSER = "postgres"

_log = logging.getLogger(__name__)
_VERSIONS = Path("/usr/lib/postgresql")
_EXTENSIONS = "/usr/share/postgresql/{version}/extension/{extension}.control"
_STATE_OF_POSTGRES_USER = Path("/var/lib/truckroll")
_LOG_TAIL_NUM_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Programs:
    """One version's programs, the data they work on, and the user they run as."""

    version: str
    data: Path
    #: Words in front of every command (a user namespace), or none.
    prefix: tuple[str, ...] = ()
    #: System user to change to, or None to stay who we are.
    user: str | None = None
    _environment: Mapping[str, str] = field(default_factory=lambda: {**os.environ, "LC_ALL": "C.UTF-8"}, repr=False)

    @property
    def log(self) -> Path:
        """What the programs say, initdb included."""
        return self.data.with_name("postgres.log")

    def path(self, program: str) -> str:
        """Return a program's full path."""
        return str(_VERSIONS / self.version / "bin" / program)

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that a Ctrl-C for us does not reach it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=self._environment,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )

    def give(self, folder: Path) -> Path:
        """Hand a folder to the user that the programs run as."""
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        return folder

    def log_tail(self, start: int = 0) -> str:
        """Return the last lines of the log, none from before byte `start`."""
        try:
            said = self.log.read_bytes()[start:][-_LOG_TAIL_NUM_BYTES:]
        except FileNotFoundError:
            return ""
        return "\n".join(said.decode(errors="replace").splitlines()[-12:])


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
    able = [version for version in found if Path(_EXTENSIONS.format(version=version, extension="postgis")).exists()]
    return sorted(able, key=lambda version: [int(part) for part in version.split(".") if part.isdigit()], reverse=True)


def _version_for(data: Path) -> str:
    versions = installed_versions()
    if not versions:
        raise MissingService("PostgreSQL", "no version with PostGIS is installed", f"install it: {APT}")
    # A private cluster is only ours to read, so without the right it is not there for us.
    with contextlib.suppress(FileNotFoundError):
        written_by = (data / "PG_VERSION").read_text().strip()
        if written_by not in versions:
            way_out = f"install it: apt-get install -y postgresql-{written_by}-postgis-3"
            raise MissingService("PostgreSQL", f"{data} was written by version {written_by}", way_out)
        return written_by
    return versions[0]


def _as_whom(folder: Path) -> tuple[tuple[str, ...], str | None, Path]:
    here = folder / "postgres"
    if os.geteuid() != 0:
        return (), None, here
    namespace = _user_namespace()
    if namespace:
        return namespace, None, here
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    elsewhere = _STATE_OF_POSTGRES_USER / digest / "postgres"
    elsewhere.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    _log.warning("running as root: PostgreSQL runs as user %s, its data are in %s", SUPERUSER, elsewhere)
    return (), SUPERUSER, elsewhere


def _user_namespace() -> tuple[str, ...]:
    # initdb looks its own number up in the list of users, so it must be one that is there.
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
