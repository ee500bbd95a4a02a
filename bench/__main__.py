"""Run every benchmark, one after the other."""

from __future__ import annotations

from bench import ablation, browser, speed

if __name__ == "__main__":
    speed.main()
    browser.main()
    ablation.main()
