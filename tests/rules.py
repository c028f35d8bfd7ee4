"""The status rules, read from the one text that has them."""

from __future__ import annotations

import csv

from earnings_pipeline.sqlfiles import ROOT

with (ROOT / "seeds/earnings_status_rules.csv").open(encoding="utf-8", newline="") as file:
    RULES = list(csv.DictReader(file))

STATUSES = sorted({rule["to_status"] for rule in RULES})
TRANSITIONS = {
    (rule["from_status"], rule["to_status"]) for rule in RULES if rule["kind"] == "transition"
}
