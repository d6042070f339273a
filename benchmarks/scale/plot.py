"""Curves of what a library costs against its size, as one SVG file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qa.evaluation.charts import HEIGHT, WIDTH, Axis, Series, line_chart

STYLE = """
svg { background: #fff } text { fill: #555; font: 12px system-ui, sans-serif } .label { fill: #111; font-size: 13px }
.heading { fill: #111; font-size: 15px; font-weight: 600 }
.grid { stroke: #ddd } .line { fill: none; stroke-width: 2.5 }
.s0 { stroke: #1f5fa8 } .s1 { stroke: #b3541e; stroke-dasharray: 9 4 } .s2 { stroke: #3b7d3b; stroke-dasharray: 2 4 }
"""
HEAD = 30
Value = Callable[[dict[str, Any]], float]

CHARTS: list[tuple[str, str, dict[str, Value]]] = [
    (
        "A question, warm, one thread",
        "milliseconds",
        {
            "answer, clock": lambda each: each["answer"]["ms"]["median"],
            "answer, processor": lambda each: each["answer"]["cpu_ms"]["median"],
            "dense search, processor": lambda each: each["recall"]["cpu_ms"]["median"],
        },
    ),
    (
        "A document of ten passages",
        "milliseconds of processor",
        {
            "added": lambda each: each["change"]["add"]["cpu_ms"]["median"],
            "removed": lambda each: each["change"]["remove"]["cpu_ms"]["median"],
            "opening and first answer": lambda each: 1000 * each["answer"]["opening"]["cpu_seconds"],
        },
    ),
    (
        "Memory, answering",
        "MiB",
        {
            "resident": lambda each: each["answer"]["memory_mib"]["resident"],
            "in the small mode": lambda each: each["small"]["memory_mib"]["resident"],
            "highest while built": lambda each: each["build"]["memory_mib"]["highest"],
        },
    ),
    (
        "Disk",
        "MiB",
        {
            "library": lambda each: sum(each["build"]["disk_mib"].values()),
            "highest while built": lambda each: each["build"]["peak_disk_mib"],
            "dense index": lambda each: sum(
                size for name, size in each["build"]["disk_mib"].items() if name.startswith("dense")
            ),
        },
    ),
]


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write ``scale.svg`` from what was measured at two sizes or more."""
    sizes = sorted(map(int, found["sizes"]))
    if len(sizes) < 2:
        return
    x = Axis("passages", sizes[0], sizes[-1], tuple(sizes), logarithmic=True)
    parts = []
    for number, (title, unit, lines) in enumerate(CHARTS):
        series = [
            Series(name, tuple((size, value(found["sizes"][str(size)])) for size in sizes))
            for name, value in lines.items()
        ]
        values = [up for each in series for _, up in each.points]
        low, high = math.floor(math.log10(min(values))), math.floor(math.log10(max(values))) + 1
        ticks = tuple(10.0**power for power in range(low, high + 1))
        y = Axis(unit, ticks[0], ticks[-1], ticks, logarithmic=True)
        chart = line_chart(f"scale{number}", title, f"{unit} against passages", series, x=x, y=y)
        left, top = number % 2 * WIDTH, number // 2 * (HEIGHT + HEAD)
        parts.append(f'<text class="heading" x="{left + 20}" y="{top + 20}">{title}</text>')
        parts.append(
            chart.replace("<svg", f'<svg x="{left}" y="{top + HEAD}" width="{WIDTH}" height="{HEIGHT}"', 1)
        )
    size = f'viewBox="0 0 {2 * WIDTH} {2 * (HEIGHT + HEAD)}"'
    (folder / "scale.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{"".join(parts)}</svg>\n',
        encoding="utf-8",
    )
