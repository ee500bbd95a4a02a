from __future__ import annotations

import pytest

from kbot.web.colours import DARK_SURFACE, TEXT_CONTRAST, contrast, dark, light, parse

ACCENTS = ["#0f5c63", "#000000", "#7a1f1f", "#0000ff", "#3b3b3b", "#4b0082"]


def test_contrast_is_that_of_the_standard() -> None:
    # The two ends of the scale, and a grey worked by hand: ((0x77/255 + 0.055)/1.055)^2.4 = 0.1845, 1.05/0.2345.
    assert contrast(parse("#000000"), parse("#ffffff")) == pytest.approx(21)
    assert contrast(parse("#ffffff"), parse("#ffffff")) == pytest.approx(1)
    assert contrast(parse("#777777"), parse("#ffffff")) == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("accent", ACCENTS)
def test_text_in_and_on_the_accent_can_be_read_in_both_schemes(accent: str) -> None:
    night, day = dark(accent), light(accent)

    assert contrast(parse(night.accent), DARK_SURFACE) >= TEXT_CONTRAST
    assert contrast(parse(night.accent), parse(night.on_accent)) >= TEXT_CONTRAST
    assert contrast(parse(night.accent), parse(night.soft)) >= TEXT_CONTRAST
    assert contrast(parse(day.accent), parse(day.on_accent)) >= TEXT_CONTRAST
    assert contrast(parse(day.bubble), parse(day.on_bubble)) >= TEXT_CONTRAST
    assert contrast(parse(night.bubble), parse(night.on_bubble)) >= TEXT_CONTRAST
    assert contrast(parse(day.accent), parse(day.soft)) >= TEXT_CONTRAST
