"""A chart of latencies by shape of query and size of store, as SVG: one row a shape, one mark a size, log scale."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, ROW = 1040, 360, 90, 70, 22
COLOURS = ["#6fa8dc", "#2a6496", "#c0392b"]


def chart(title, sizes, rows):
    """rows: (name, [(p50, p99) in ms for each size or None])."""
    values = [v for _, marks in rows for mark in marks if mark for v in mark if v > 0]
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    height = TOP + ROW * len(rows) + 40

    def x(value):
        return LEFT + (math.log10(max(value, 10**low)) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for i, size in enumerate(sizes):
        at = LEFT + i * 190
        out.append(f'<circle cx="{at}" cy="40" r="5" fill="{COLOURS[i]}"/>'
                   f'<text x="{at + 10}" y="44">{escape(size)}</text>')
    out.append(f'<text x="12" y="44" fill="#555">dot: p50, end of the line: p99, ms</text>')
    for power in range(low, high + 1):
        at = x(10**power)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 10}" y2="{height - 30}" stroke="#ddd"/>'
                   f'<text x="{at:.1f}" y="{height - 12}" text-anchor="middle">{10**power:g}</text>')
    for i, (name, marks) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        out.append(f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        for k, mark in enumerate(marks):
            if mark:
                line = y + (k - (len(marks) - 1) / 2) * 5
                out.append(f'<line x1="{x(mark[0]):.1f}" x2="{x(mark[1]):.1f}" y1="{line:.1f}" y2="{line:.1f}" '
                           f'stroke="{COLOURS[k]}" stroke-width="2"/>'
                           f'<circle cx="{x(mark[0]):.1f}" cy="{line:.1f}" r="3" fill="{COLOURS[k]}"/>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
