"""How is what the demo showed of trust told to somebody new? In lines of at most 80 columns."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matching.eligibility import Rule
from matching.reasons import WORDS

_WIDTH = 80
_COLOURS = {"green": "green", "amber": "yellow", "red": "red"}


def tell_clients(clients: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of each client whom the rules kept away, and who is near its limits of hours."""
    for client in clients:
        yield f"\n[bold]{client['name']}[/]: {client['filled']} of {client['jobs']} jobs found somebody"
        reach = f"{client['in_reach']:,} technicians were in reach of one"
        yield f"  {reach}, {client['may']:,} might do one. For some job:"
        for code, num in sorted(client["removed_by_rule"].items(), key=lambda each: -each[1]):
            yield f"  {num:>7,} {WORDS[Rule[code.upper()]]}"
        levels = ", ".join(f"[{colour}]{client[level]} {level}[/]" for level, colour in _COLOURS.items())
        yield f"  hours with this client: {levels}"
        for each in client["near_a_limit"][:2]:
            colour = _COLOURS[each["level"]]
            force = "refuses more" if each["binding"] == "hard" else "warns"
            yield f"  [{colour}]{each['level']:>7}[/] {each['technician']}, this {force}:"
            yield from _folded(f"{each['limit']}: {each['text']}", " " * 10)


def tell_trust(summary: Mapping[str, Any]) -> Iterator[str]:
    """The proofs that ended, the appeal, and the dispute."""
    for each in summary["cascades"]:
        yield from _tell_cascade(each)
    if (appeal := summary["appeal"]) is not None:
        outcome = appeal["outcome"].replace("_", " ")
        yield f"\n[bold]An appeal[/]: {appeal['technician']}, {outcome}: {appeal['verdict']}"
        scores = [appeal[f"score_{when}"] for when in ("before", "meanwhile", "after")]
        yield "  reputation {:.3f}, {:.3f} while it was looked at, {:.3f} since".format(*scores)
    if (pack := summary["dispute_pack"]) is not None:
        yield f"\n[bold]A dispute about {pack['job']}[/]: {pack['disputed']} of {pack['claimed']} USD"
        yield f"  {pack['due_at_once']} due at once; {pack['awarded']} awarded, {pack['refunded']} back to the client"
        state = "whole" if pack["is_whole"] else "[red]BROKEN[/]"
        yield f"  its pack, verified offline: {state}, {pack['events']} events"
        yield f"  {pack['file']}"


def _tell_cascade(cascade: Mapping[str, Any]) -> Iterator[str]:
    proof = cascade["proof"].replace("_", " ")
    yield f"\n[bold]A proof {cascade['how']}[/]: {proof} of {cascade['lost_by']}"
    yield from _folded(f"fell at once: {', '.join(cascade['fell']) or 'nothing'} ({cascade['client']})", "  ")
    if cascade["rescued_by"] is not None:
        yield f"  {cascade['asked']} asked; {cascade['rescued_by']} said yes after {cascade['seconds']} s"
        yield from _folded(f"saved: {', '.join(cascade['rescued'])}", "  ")
    else:
        yield f"  {cascade['asked']} asked, nobody has said yes"


def _folded(words: str, indent: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, initial_indent=indent, subsequent_indent=indent)
