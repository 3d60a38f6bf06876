"""What do the board's measurements amount to? Latencies by share, the slope of a line, sizes of bundles."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

#: What the first part of the time brings into memory is brought once.
_LEFT_OUT = 1 / 3
#: Neighbours resemble each other: they are drawn together, so many seconds of them.
_BLOCK, _NUM_DRAWN = 30, 2_000


def latencies_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds by share; nothing where there are none."""
    if not seconds:
        return {}
    p50, p99, largest = np.quantile(np.asarray(seconds), [0.5, 0.99, 1.0]) * 1000
    return {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "largest_ms": round(largest, 1)}


def slope(at_s: Sequence[float], megabytes: Sequence[float]) -> dict[str, Any]:
    """The line of least squares through the last two thirds, in MB an hour.

    Its interval holds 95 of 100 slopes that come of drawing what the line leaves over anew, in blocks.
    """
    at, memory = np.asarray(at_s), np.asarray(megabytes)
    settled = at > at[0] + (at[-1] - at[0]) * _LEFT_OUT
    hours, values = at[settled] / 3_600, memory[settled]
    line = np.polyfit(hours, values, 1)
    left = values - np.polyval(line, hours)
    chance = np.random.default_rng(1)
    num = len(values)
    block = min(_BLOCK, num)
    drawn = []
    for _ in range(_NUM_DRAWN):
        starts = chance.integers(0, num - block + 1, size=-(-num // block))
        rest = np.concatenate([left[start : start + block] for start in starts])[:num]
        drawn.append(np.polyfit(hours, np.polyval(line, hours) + rest, 1)[0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "slope_mb_an_hour": round(float(line[0]), 2),
        "interval_95": [round(float(low), 2), round(float(high), 2)],
        "seconds": round(float(at[-1] - at[0])),
        "seconds_of_the_line": round(float(at[settled][-1] - at[settled][0])),
        "resident_mb": {
            "first": round(float(memory[0]), 1),
            "after_a_third": round(float(values[0]), 1),
            "last": round(float(memory[-1]), 1),
        },
    }


def bundles(dist: Path) -> dict[str, dict[str, int]]:
    """Packed bytes by entrance, as the build's manifest says: before it shows anything, and with all its pages.

    The texts of the language that needs most are among what comes first. Nothing where nothing is built.
    """
    if not (dist / ".vite" / "manifest.json").is_file():
        return {}
    manifest: dict[str, Any] = json.loads((dist / ".vite" / "manifest.json").read_text(encoding="utf-8"))

    def packed(entry: str, is_wanted: str) -> int:
        files = {dist / f"{entry}/index.html"}
        waiting, seen = [f"{entry}/index.html"], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            chunk = manifest[name]
            files |= {dist / each for each in [chunk["file"], *chunk.get("css", [])]}
            waiting += chunk.get("imports", [])
            waiting += [each for each in chunk.get("dynamicImports", []) if is_wanted in each]
        return sum(len(gzip.compress(each.read_bytes())) for each in files)

    return {
        entry: {
            "first": max(packed(entry, f"/words/{language}/") for language in ("en", "es")),
            "with_all_pages": packed(entry, ""),
        }
        for entry in ("phone", "board", "desk")
        if f"{entry}/index.html" in manifest
    }
