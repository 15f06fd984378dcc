"""docs/dependencies.md, pyproject.toml, the lock files and the bill of materials say the same."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


def names(requirements):
    return {re.match(r"[A-Za-z0-9._-]+", one)[0].lower() for one in requirements}


def told(heading):
    """{package: reason} of the table below a heading."""
    part = DOCUMENT.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([a-z0-9][a-z0-9._-]*) \| (.+) \|$", part, re.MULTILINE)[1:]  # without the heads
    assert len(dict(rows)) == len(rows), "a package is there twice"
    return dict(rows)


def locked(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0].lower(): line for line in lines if line and not line.startswith("#")}


def test_every_package_is_listed_with_its_reason_and_no_other():
    extras = PROJECT["optional-dependencies"]
    others = set().union(*(names(some) for extra, some in extras.items() if extra != "dev"))
    assert set(told("What runs")) == names(PROJECT["dependencies"])
    assert set(told("With extras")) == others
    assert set(told("What tests and builds")) == names(extras["dev"])
    reasons = [
        reason for part in ("What runs", "With extras", "What tests") for reason in told(part).values()
    ]
    assert all(len(reason) > 4 for reason in reasons)


def test_everything_is_pinned_to_one_version():
    for file, wanted in (
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["optional-dependencies"]["dev"]),
    ):
        lock = locked(file)
        assert names(wanted) - set(lock) == set(), "run `make lock`"
        assert [line for line in lock.values() if "==" not in line] == []


def test_what_runs_is_used():
    """A package that no file names is one too many; those that work without being imported are written here."""
    by_import = {
        "argon2-cffi": "argon2", "huggingface-hub": "huggingface_hub", "langchain-openai": "langchain_openai",
        "markdown-it-py": "markdown_it", "pydantic-settings": "pydantic_settings", "pystemmer": "Stemmer",
        "python-docx": "docx", "python-pptx": "pptx", "pyyaml": "yaml", "scikit-learn": "sklearn", "pip": "pip",
    }  # fmt: skip
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("tutor", "labs", "knowledge")
        for path in (ROOT / package).rglob("*.py")
    )
    for name in names(PROJECT["dependencies"]) - {"pip"}:  # a program, run by its name
        module = by_import.get(name, name.replace("-", "_"))
        assert re.search(rf"^\s*(?:import|from) {module}\b", code, re.MULTILINE), name


def test_the_bill_of_materials_names_every_locked_package(tmp_path):
    """The command of `make sbom`."""
    out = tmp_path / "sbom.json"
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nsbom:", 1)[1].split("\n\n", 1)[0]
    command = recipe.split("$(PY)", 1)[1].replace("\\\n", " ").replace("dist/sbom.cdx.json", str(out)).split()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(out.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "ml-tutor"
    listed = {part["name"].lower() for part in bill["components"]}
    assert listed == set(locked("requirements.lock"))
    assert all(part["purl"].startswith("pkg:pypi/") and "@" in part["purl"] for part in bill["components"])
