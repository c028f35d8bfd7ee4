"""Write the generated pages: PYTHONPATH=scripts .venv/bin/python -m earnings_pipeline.reference."""

from __future__ import annotations

from earnings_pipeline.reference import PAGES
from earnings_pipeline.sqlfiles import ROOT

for name, page in PAGES.items():
    (ROOT / name).write_text(page(), encoding="utf-8")
