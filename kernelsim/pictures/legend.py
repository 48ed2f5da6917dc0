"""What the colours and signs of a picture mean, and the words in it."""

from html import escape

from kernelsim.pictures.boxes import Box
from kernelsim.pictures.frame import Frame, duration

INK, FAINT, ALARM = "#1b1f24", "#eef0f3", "#c2185b"


def legend(palette: dict[str, str], at: Frame, *, messages: bool, marks: set[str]) -> list[str]:
    """One entry for each kind of thing that the picture shows, at the right of its head."""
    entries = [(f'<rect y="-10" width="13" height="13" fill="{colour}"/>', name) for name, colour in palette.items()]
    entries.append((f'<rect y="-10" width="13" height="13" fill="{FAINT}" stroke="#d9dde3"/>', "idle"))
    entries.append(('<path d="M6.5-9.5l5.5 5.5l-5.5 5.5l-5.5-5.5z"/>', "slice ends"))
    if messages:
        line = f'<path d="M0-4h13" stroke="{INK}"/><circle cx="13" cy="-4" r="1.8"/>'
        entries.append((line, "message"))
    if "phase" in marks:
        entries.append((f'<circle cx="7" cy="-4" r="3" fill="#fff" stroke="{INK}"/>', "phase entered"))
    if "miss" in marks:
        entries.append((f'<path d="M2-8l8 8m0-8l-8 8" stroke="{ALARM}" stroke-width="2"/>', "deadline missed"))
    parts, x = [], at.right
    for symbol, name in reversed(entries):
        name = name if len(name) <= 28 else name[:27] + "…"
        x -= 6.7 * len(name) + 40
        parts.append(
            f'<g transform="translate({x:.1f} 57)">{symbol}<text x="20" font-size="12.5">{plain(name)}</text></g>'
        )
    return parts


def note(drawn: list[Box], grain_ps: int, at: Frame) -> list[str]:
    """What has been drawn together because it was too short to see, if anything was."""
    merged = sum(box.slices for box in drawn if box.high - box.low < 1 or box.slices > 1)
    if not merged:
        return []
    told = (
        f"{merged} slices shorter than {duration(grain_ps)} share strips; within one, the height of a colour "
        "is its share of the time."
    )
    return [f'<text class="soft" x="{at.left:g}" y="{at.bottom + 64:.1f}" font-size="11.5">{told}</text>']


def plain(text: str) -> str:
    """Text as it may stand in XML: escaped, unprintable characters replaced."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))
