"""What is shipped: a wheel with every module and data file, and a manifest that tells the truth."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import jsonschema
import pytest

import hitpoint

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("runtime", "plugin", "exporters", "ui")
TOP = {"plugin", "exporters", "runtime", "ui", "tests", "docs", "manifest.json", "pyproject.toml", "README.md"}
DOCUMENTS = {"__init__.py", "__main__.py", "LICENSE", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    git = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True)
    if git.returncode:
        pytest.skip("not a git checkout")
    return git.stdout.splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "checkout"
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(REPOSITORY, source, ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--prefer-binary", "-w", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_module_and_data_file(wheel, tracked):
    inside = set(wheel.namelist())
    wanted = {f for f in tracked if f.split("/")[0] in ROOMS or f in ("__init__.py", "__main__.py", "manifest.json")}
    assert {f"hitpoint/{file}" for file in wanted} <= inside


def test_the_wheel_holds_nothing_else(wheel):
    for name in wheel.namelist():
        assert name.startswith(("hitpoint/", f"hitpoint-{hitpoint.__version__}.dist-info/")), name
        assert "/tests/" not in name


def test_the_wheel_knows_its_version_and_its_command(wheel):
    metadata = wheel.read(f"hitpoint-{hitpoint.__version__}.dist-info/METADATA").decode()
    manifest = json.loads((REPOSITORY / "manifest.json").read_text())
    assert f"\nVersion: {manifest['version']}\n" in metadata
    assert "Requires-Dist: torch" not in re.sub(r"Requires-Dist: .*; extra == .*\n", "", metadata)
    assert (
        "hitpoint.__main__:main" in wheel.read(f"hitpoint-{hitpoint.__version__}.dist-info/entry_points.txt").decode()
    )


def test_the_manifest_follows_its_schema():
    manifest = json.loads((REPOSITORY / "manifest.json").read_text())
    schema = json.loads((REPOSITORY / "docs" / "manifest.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(manifest, schema)
    assert manifest["permissions"]["network"] == "loopback"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**manifest, "permissions": {"network": "anywhere", "files": ""}}, schema)


def test_the_version_is_written_once(tracked):
    version = json.loads((REPOSITORY / "manifest.json").read_text())["version"]
    assert hitpoint.__version__ == version
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert "version" not in project
    code = [f for f in tracked if f.endswith(".py") and not f.startswith("tests/")]
    assert not [f for f in code if f'"{version}"' in (REPOSITORY / f).read_text()]


def test_the_top_of_the_repository_holds_what_it_should(tracked):
    top = {file.split("/")[0] for file in tracked}
    assert {name for name in top if not name.startswith(".")} <= TOP | DOCUMENTS
    assert {"LICENSE", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "manifest.json"} <= top


def test_every_dependency_has_its_reason_and_licence_in_contributing():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text().lower()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = {re.split(r"[^A-Za-z0-9_-]", d)[0].lower() for d in wanted} - {"hitpoint"}
    assert {name for name in names if f"| `{name}" not in text} == set()


def test_no_file_is_called_what_everything_could_be_called(tracked):
    names = {Path(file).stem for file in tracked if file.endswith(".py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc"}


def test_imports_across_rooms_are_relative(tracked):
    for file in tracked:
        if file.split("/")[0] not in ROOMS or not file.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((REPOSITORY / file).read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert not (node.module or "").startswith("hitpoint"), file


def test_the_readme_names_the_two_commands_and_ci_runs_one_of_them():
    readme = (REPOSITORY / "README.md").read_text()
    ci = (REPOSITORY / ".ci" / "run").read_text()
    tests = "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/python -m pytest"
    assert "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/hitpoint demo" in readme
    assert tests in readme
    assert tests in ci
    for package in re.findall(r"apt-get install[^\n]*?-y((?: +[a-z0-9-]+)+)", ci)[0].split():
        assert package in readme, package
