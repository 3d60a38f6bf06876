"""`docs/day-in-the-life.md` is true: its commands are run as they stand, and answer as it says.

One shell runs every line after `$ ` against the real processes, private servers and all. Where the page shows an
answer it must fit: `…` in a line stands for anything in it, a line of `…` alone for any lines. A command without an
answer shown must end well; what it says doesn't matter.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import _free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "day-in-the-life.md"
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
#: No command of a page takes longer, save one that waits for the processes to start.
_DEADLINE_S = 240


@dataclass(frozen=True)
class Step:
    """A command of the page and the answer that it shows, "" for none; `line` is where it stands."""

    line: int
    command: str
    answer: str


def read_steps(text: str) -> list[Step]:
    """Every command of the page, in order."""
    steps: list[Step] = []
    for block in _BLOCK.finditer(text):
        first = text[: block.start(1)].count("\n") + 1
        for part in re.split(r"^(?=\$ )", block[1], flags=re.MULTILINE):
            if not part.startswith("$ "):
                continue
            lines = part[2:].rstrip("\n").split("\n")
            num = _num_lines_of_command(lines)
            at = first + block[1][: block[1].index(part)].count("\n")
            steps.append(Step(at, "\n".join(lines[:num]), "\n".join(lines[num:]).strip()))
    return steps


def _num_lines_of_command(lines: list[str]) -> int:
    """A command goes on after a backslash, to its last quote, and to the end of a document that follows."""
    num = 1
    while lines[num - 1].endswith("\\") or _is_quote_open("\n".join(lines[:num])):
        num += 1
    here = re.search(r"<<(\w+)$", lines[num - 1])
    return lines.index(here[1]) + 1 if here else num


def _is_quote_open(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return True
    return False


def fits(shown: str, answer: str) -> bool:
    """Whether an answer is as the page shows it."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n"
        for line in shown.split("\n")
    )
    return re.fullmatch(pattern, answer.strip() + "\n") is not None


class Shell:
    """One bash that keeps its variables from command to command."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """The exit code and everything that was said."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f'{{ {command}\n}} </dev/null\ncode=$?; echo; echo "--- $code"\n')
        self._bash.stdin.flush()
        alarm = threading.Timer(_DEADLINE_S, os.killpg, (self._bash.pid, signal.SIGKILL))
        alarm.start()
        lines: list[str] = []
        while (line := self._bash.stdout.readline()) and not line.startswith("--- "):
            lines.append(line)
        alarm.cancel()
        return int(line[4:] or 1), "".join(lines)

    def end(self) -> None:
        """End it and what it started."""
        self.run("kill $(jobs -p); wait")
        with self._bash:
            assert self._bash.stdin is not None
            self._bash.stdin.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A stranger's shell in an empty folder, with `truckroll` on its path and servers of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUCKROLL_")}
    port = str(_free_port())
    made = Shell(
        kept
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TRUCKROLL_DATA_DIR": str(tmp_path / "data"),
            "TRUCKROLL_PORT": port,
            "TRUCKROLL_URL": f"http://127.0.0.1:{port}",
            "PS1": "",
        }
    )
    made.run(f"cd {tmp_path}")
    yield made
    made.end()


def test_the_page_answers_as_it_says(shell: Shell) -> None:
    steps = read_steps(PAGE.read_text())
    assert len(steps) > 10
    for step in steps:
        code, answer = shell.run(step.command)
        where = f"{PAGE.name}:{step.line}: $ {step.command}"
        assert code == 0 or "# refused" in step.command, f"{where}\nended with {code}:\n{answer}"
        assert not step.answer or fits(step.answer, answer), f"{where}\nanswered\n{answer}\nnot\n{step.answer}"


def test_an_answer_fits_what_is_shown_with_gaps_and_nothing_else() -> None:
    answer = '{\n  "id": "0197",\n  "state": "open",\n  "num": 1\n}'
    assert fits('{\n…\n  "state": "open",\n…\n}', answer)
    assert fits('{\n  "id": "…",\n  "state": "open",\n  "num": 1\n}', answer)
    assert not fits('{\n…\n  "state": "assigned",\n…\n}', answer)
    assert not fits('{\n  "state": "open",\n…\n}', answer)
