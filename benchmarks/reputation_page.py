"""How are the figures of `benchmarks.reputation` shown? Tables into `docs/reputation.md`, the plot beside it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: The tables stand between these lines of the page; everything else in it is written by hand.
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 640, 360, 56, 24, 150, 48
_OURS, _STARS, _INK = "#1b6e53", "#b3541e", "#333333"


def write_page(report: dict[str, Any], docs: Path) -> None:
    """Write the plot, and the tables into the page, which has the two marks."""
    main_world = next(iter(report["worlds"].values()))
    (docs / "reputation.svg").write_text(plot(main_world["sizes"]), encoding="utf-8")
    page = docs / "reputation.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{tables(report)}{END}{after}", encoding="utf-8")


def tables(report: dict[str, Any]) -> str:
    """The tables as Markdown."""
    worlds = report["worlds"]
    (name, first), others = next(iter(worlds.items())), list(worlds.items())[1:]
    lines = [
        f"`{name}`, {report['populations']} populations of {report['technicians']} technicians, seed {report['seed']}:",
        "",
        "| jobs | reputation | stars | difference (95 %) | true value in the interval | without a star |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for row in first["sizes"]:
        lines.append(
            f"| {row['jobs']} | {row['reputation']:.2f} | {row['stars']:.2f} | {_difference(row)}"
            f" | {row['interval_holds']:.0%} | {row['without_stars']:.0%} |"
        )
    lines += ["", "The other worlds, at 1, 10 and 100 jobs: reputation / stars, and the difference at 10.", ""]
    lines += ["| world | what it assumes | 1 | 10 | 100 | difference at 10 (95 %) |", "|---|---|---:|---:|---:|---:|"]
    for each, world in others:
        of = {row["jobs"]: row for row in world["sizes"]}
        pairs = " | ".join(f"{of[jobs]['reputation']:.2f} / {of[jobs]['stars']:.2f}" for jobs in (1, 10, 100))
        lines.append(f"| `{each}` | {world['what']} | {pairs} | {_difference(of[10])} |")
    return "\n".join([*lines, "", ""])


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """Both correlations by number of jobs, on a logarithmic axis, as SVG."""
    x_of = {row["jobs"]: _x(row["jobs"], rows) for row in rows}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        f' font-size="12" fill="{_INK}" role="img"><title>Rank correlation with the true quality, by number of jobs'
        "</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _y(tick)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.1f}</text>')
    for jobs, x in x_of.items():
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{jobs}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">jobs of each technician</text>')
    parts.append(f'<text x="{_LEFT - 40}" y="14">Spearman correlation with the true quality</text>')
    parts += [_line(rows, x_of, "reputation", _OURS), _line(rows, x_of, "stars", _STARS)]
    return "\n".join([*parts, "</svg>", ""])


def _line(rows: Sequence[dict[str, Any]], x_of: dict[int, float], name: str, colour: str) -> str:
    points = [(x_of[row["jobs"]], _y(row[name])) for row in rows]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points)
    last_x, last_y = points[-1]
    words = "reputation" if name == "reputation" else "average of stars"
    label = f'<text x="{last_x + 10:.1f}" y="{last_y + 4:.1f}" fill="{colour}">{words}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{label}'


def _x(jobs: int, rows: Sequence[dict[str, Any]]) -> float:
    most = math.log(rows[-1]["jobs"] / rows[0]["jobs"])
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log(jobs / rows[0]["jobs"]) / most


def _y(value: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value


def _difference(row: dict[str, Any]) -> str:
    return f"{row['difference']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})"
