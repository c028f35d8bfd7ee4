"""The conventions of dbt-bouncer.yml hold, and each of them would find its offender."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from earnings_pipeline import building
from earnings_pipeline.sqlfiles import ROOT
from mutations.mutants import of_engine
from mutations.records import equivalents

Manifest = dict[str, Any]
MODEL = "model.earnings_pipeline."


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("dbt")
    places = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target-path", str(folder)]
    parsed = dbtRunner().invoke(["parse", "--quiet", "--log-path", str(folder), *places])
    assert parsed.success
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def offences(manifest: Manifest, folder: Path) -> set[tuple[str, str]]:
    """The conventions that a manifest offends against: the name of the check, and of what."""
    (folder / "target").mkdir()
    (folder / "target" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shutil.copy(ROOT / "dbt-bouncer.yml", folder)
    bouncer = Path(sys.executable).with_name("dbt-bouncer")
    done = subprocess.run(
        [bouncer, "run", "--output-file", "found.json", "--config-file", "dbt-bouncer.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    failed = {
        (row["check_run_id"].split(":")[0], row["check_run_id"].split(":")[-1])
        for row in found
        if row["outcome"] != "success"
    }
    assert bool(failed) == bool(done.returncode), done.stdout + done.stderr
    return failed


def offended(manifest: Manifest) -> Manifest:
    """A manifest in which one model or page offends against each convention that we rely on."""
    changed: Manifest = json.loads(json.dumps(manifest))
    nodes = {name.removeprefix(MODEL): node for name, node in changed["nodes"].items()}
    nodes["stg_marketplace__orders"]["description"] = ""
    nodes["orders"]["columns"]["order_id"]["description"] = ""
    nodes["payouts"]["contract"]["enforced"] = False
    nodes["payouts"]["config"]["contract"]["enforced"] = False
    nodes["booking_earnings"]["access"] = "protected"
    nodes["orders"]["depends_on"]["nodes"].append(f"{MODEL}payouts")
    nodes["stg_marketplace__services"]["depends_on"]["nodes"].append(f"{MODEL}payouts")
    nodes["cache_drift"]["patch_path"] = "earnings_pipeline://models/finance/orders.yml"
    nodes["int_earnings__dated"]["name"] = "dated_earnings"
    nodes["record_counts"]["config"]["grants"] = {}
    page = changed["exposures"]["exposure.earnings_pipeline.payouts"]
    page["depends_on"]["nodes"].append(f"{MODEL}stg_marketplace__payouts")
    return changed


def test_the_project_keeps_its_conventions(manifest: Manifest, tmp_path: Path) -> None:
    assert offences(manifest, tmp_path) == set()


def test_every_convention_finds_who_offends_against_it(manifest: Manifest, tmp_path: Path) -> None:
    assert offences(offended(manifest), tmp_path) == {
        ("check_model_description_populated", "stg_marketplace__orders"),
        ("check_model_column_description_populated", "orders"),
        ("check_model_has_contracts_enforced", "payouts"),
        ("check_model_access", "booking_earnings"),
        ("check_lineage_permitted_upstream_models", "orders"),
        ("check_lineage_permitted_upstream_models", "stg_marketplace__services"),
        ("check_model_documented_in_same_directory", "cache_drift"),
        ("check_model_names", "int_earnings__dated"),
        ("check_model_grant_privilege_required", "record_counts"),
        ("check_exposure_based_on_non_public_models", "payouts"),
    }


def test_the_daily_build_is_of_everything(manifest: Manifest) -> None:
    tag = building.DAILY.removeprefix("tag:")
    left_out = [
        name
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
        and node["config"]["materialized"] != "ephemeral"
        and tag not in node["tags"]
    ]

    assert left_out == []


def test_every_model_has_its_description_beside_it_under_its_own_name() -> None:
    models = {path.with_suffix("") for path in (ROOT / "models").glob("*/*.sql")}
    described = {path.with_suffix("") for path in (ROOT / "models").glob("*/*.yml")}

    assert models - described == set()
    others = {path.relative_to(ROOT / "models").as_posix() for path in described - models}
    assert others == {"metrics/earnings", "metrics/package_liability", "staging/_sources"}


def test_what_is_said_of_a_mutant_is_said_of_one_that_there_is() -> None:
    assert set(equivalents()) - {mutant.name for mutant in of_engine(ROOT)} == set()
