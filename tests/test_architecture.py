"""The house keeps its walls: who imports whom, which vendor lives where, and that importing is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("labs", "knowledge", "tutor")


def python_files(package):
    return [p for p in sorted((ROOT / package).rglob("*.py")) if "lectures" not in p.parts]


def imports(path):
    """Every module that a file imports, with whether the import runs when the file is imported."""
    found = []

    def visit(node, at_top):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, at_top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: relative import"
                found.append((child.module, at_top))
            inner = at_top and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                inner = False
            visit(child, inner)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def is_of(module, package):
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("labs", ("knowledge", "tutor", "ingest")), ("knowledge", ("labs", "tutor", "ingest"))],
)
def test_labs_and_knowledge_know_neither_each_other_nor_the_tutor(package, forbidden):
    wrong = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files(package)
        for module, _ in imports(path)
        if any(is_of(module, name) for name in forbidden)
    ]
    assert wrong == []


def test_the_ingest_command_line_sees_only_knowledge():
    modules = {module.split(".")[0] for module, _ in imports(ROOT / "ingest.py")}
    assert modules & {"labs", "tutor"} == set()
    assert "knowledge" in modules


@pytest.mark.parametrize(
    ("vendor", "home"),
    [
        ("chromadb", ("knowledge/index.py",)),
        ("gradio", ("tutor/web/",)),
        ("matplotlib", ("labs/plotting.py",)),
        ("langchain_openai", ("tutor/models/openai.py",)),
        ("openai", ("tutor/models/openai.py",)),
        ("xllamacpp", ("tutor/models/llamacpp",)),
        (
            "sqlalchemy",
            (
                "tutor/database.py",
                "tutor/sessions.py",
                "tutor/feedback.py",
                "tutor/progress.py",
                "tutor/owners.py",
                "tutor/run_shelf.py",
                "tutor/report.py",
                "tutor/migrations/",
            ),
        ),
        ("alembic", ("tutor/migrations/",)),
        ("argon2", ("tutor/passwords.py",)),
        ("fsrs", ("tutor/progress.py",)),
        ("yaml", ("tutor/quiz/authored.py", "knowledge/front_matter.py")),
        ("distributed", ("labs/cluster.py",)),
        ("prometheus_client", ("tutor/metrics.py",)),
    ],
)
def test_a_vendor_library_has_one_home(vendor, home):
    users = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in python_files(package)
        for module, _ in imports(path)
        if is_of(module, vendor)
    }
    assert [user for user in users if not user.startswith(home)] == []


@pytest.mark.parametrize(
    "vendor", ["torch", "sklearn", "chromadb", "matplotlib", "transformers", "xllamacpp", "scipy"]
)
def test_nothing_heavy_is_imported_at_module_import_time(vendor):
    wrong = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in python_files(package)
        for module, at_top in imports(path)
        if at_top and is_of(module, vendor) and not str(path).endswith("llamacpp_server.py")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import labs.registry", ("torch", "sklearn", "matplotlib", "scipy", "pandas")),
        ("import knowledge.search, knowledge.refresh", ("torch", "chromadb", "transformers")),
        (
            "import tutor.cli; tutor.cli._parser()",
            ("numpy", "torch", "gradio", "langchain_core", "sqlalchemy", "pydantic"),
        ),
        (
            "import tutor.tutor",
            ("torch", "gradio", "chromadb", "openai", "transformers", "langchain_core", "alembic"),
        ),
    ],
)
def test_importing_costs_nothing_heavy(statement, absent):
    code = f"{statement}\nimport sys\nprint(*[m for m in {absent!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.split() == []


@pytest.mark.parametrize("package", PACKAGES)
def test_files_stay_short_enough_to_read_in_one_sitting(package):
    long = {
        str(p.relative_to(ROOT)): n
        for p in python_files(package)
        if (n := len(p.read_text().splitlines())) > 450
    }
    assert long == {}
