"""The page's colours, from the clinic's accent colour, with the contrast that WCAG 2.2 asks for."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Rgb = tuple[float, float, float]  # each channel [0, 1], sRGB

TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
DARK_SATURATION = 0.45  # brighter colours glare on dark
DARK_CONTRAST = 8.5  # that of the accent on the dark surface: more than 7:1 (1.4.6) on tints of it, too
WHITE: Rgb = (1.0, 1.0, 1.0)
DARK_SURFACE: Rgb = (0x20 / 255, 0x29 / 255, 0x2B / 255)  # --kb-surface of the dark scheme in site.css


@dataclass(frozen=True, slots=True)
class Palette:
    """The accent's uses in one colour scheme, as #rrggbb."""

    accent: str  # buttons and links
    on_accent: str  # text on the accent
    soft: str  # a tint of the surface
    bubble: str  # behind the visitor's own words
    on_bubble: str


def light(accent: str) -> Palette:
    """Return the palette on white. `clinic.toml` is checked for an accent that is dark enough for white text."""
    colour = parse(accent)
    return Palette(accent, "#ffffff", as_hex(mix(WHITE, colour, 0.08)), bubble=accent, on_bubble="#ffffff")


def dark(accent: str) -> Palette:
    """Return the palette on the dark surface: the accent made lighter until text in it can be read."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*parse(accent))
    bright = parse(accent)
    while lightness < 1 and contrast(bright, DARK_SURFACE) < DARK_CONTRAST:
        lightness += 0.01
        bright = colorsys.hls_to_rgb(hue, min(lightness, 1.0), min(saturation, DARK_SATURATION))
    # A bubble in the bright accent would glare at night.
    bubble = as_hex(mix(DARK_SURFACE, bright, 0.18))
    return Palette(as_hex(bright), "#0b1213", as_hex(mix(DARK_SURFACE, bright, 0.14)), bubble, "#e9efed")


def colour_sheet(accent: str) -> str:
    """Return the style sheet that names the accent's colours, for both schemes."""
    bright, dim = _variables(light(accent)), _variables(dark(accent))
    return f":root{{{bright}}}@media (prefers-color-scheme:dark){{:root{{{dim}}}}}\n"


def icon(accent: str) -> str:
    """Return the site's icon as SVG: a speech bubble in the accent colour."""
    bubble = "M7 4h18a4 4 0 0 1 4 4v11a4 4 0 0 1-4 4h-9l-7 6v-6H7a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"
    lines = '<path stroke="#fff" stroke-width="2.4" stroke-linecap="round" d="M9.5 11h13M9.5 16h8"/>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    return f'{head}<path fill="{accent}" d="{bubble}"/>{lines}</svg>\n'


def parse(colour: str) -> Rgb:
    """Return the channels of #rrggbb."""
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def as_hex(colour: Rgb) -> str:
    """Return #rrggbb."""
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colour)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Return the colour between two, `share` [0, 1] of the way to the other."""
    return (
        one[0] + (other[0] - one[0]) * share,
        one[1] + (other[1] - one[1]) * share,
        one[2] + (other[2] - one[2]) * share,
    )


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours, [1, 21]. Source: WCAG 2.2, relative luminance."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _variables(palette: Palette) -> str:
    names = {
        "accent": palette.accent,
        "on-accent": palette.on_accent,
        "soft": palette.soft,
        "bubble": palette.bubble,
        "on-bubble": palette.on_bubble,
    }
    return ";".join(f"--kb-{name}:{colour}" for name, colour in names.items())
