"""What every test has: a clean environment, no network beyond this computer, and the weights already here.

Tests fetch nothing. `make test` fetches the weights first, with `python -m knowledge.weights fetch`.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from models.openai_server import OpenAIServer

from knowledge.weights import WeightStore, default_folder
from tutor.settings import Settings

SERVERS = ("tests/e2e/", "tests/scale/", "tests/programs/test_operation", "tests/test_killed_server")
WEIGHTS = default_folder()  # resolved before the environment is cleaned


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Side by side, a file stays with one worker (its fixtures are made once), and so do all that start servers.

    These take longest and come first (by name: --no-loadscope-reorder), so that no worker idles at the end.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "servers" if file.startswith(SERVERS) else file

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the machine reaches a test, and no test writes into the user's folders."""
    for name in list(os.environ):
        if name.startswith(("TUTOR_", "OPENAI_", "LABS_", "LANGSMITH_", "LANGCHAIN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TUTOR_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setitem(Settings.model_config, "env_file", None)  # nor a .env in the folder of the checkout


class NetworkForbiddenError(OSError):
    """A test tried to leave this computer."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Connections and name look-ups beyond this computer fail, and then the test does."""
    attempts: list[str] = []
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(host: object, what: str) -> None:
        if not _is_here(host):
            attempts.append(f"{what} {host}")
            raise NetworkForbiddenError(f"a test tried to {what} {host}")

    def guarded(real):
        def call(self, address):
            if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM:
                check(address[0], "connect to")
            return real(self, address)

        return call

    def guarded_look_up(host, *args, **kwargs):
        check(host, "look up")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield attempts
    if attempts:
        pytest.fail(f"no test may leave this computer, and this one tried to: {', '.join(attempts)}")


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    here = {None, "", "localhost", "::1", "::", "0.0.0.0", socket.gethostname()}
    return name in here or str(name).startswith("127.")


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    server = OpenAIServer()
    yield server
    server.close()


# --- Weights ---


@pytest.fixture(scope="session")
def weight_store() -> WeightStore:
    """The user's store, read only: nothing is fetched in a test."""
    return WeightStore(WEIGHTS, offline=True)


def _weights(store: WeightStore, name: str) -> Path:
    """The weights, or the end of the test: skipped at home, failed where CI is set."""
    path = store.path(name)
    if path is None:
        why = f"the weights {name} are not in {store.folder}: run python -m knowledge.weights fetch {name}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return path


@pytest.fixture(scope="session")
def minilm_dir(weight_store: WeightStore) -> Path:
    return _weights(weight_store, "all-minilm-l6-v2")


@pytest.fixture(scope="session")
def smollm_gguf(weight_store: WeightStore) -> Path:
    return _weights(weight_store, "smollm2-135m")


@pytest.fixture(scope="session")
def qwen_gguf(weight_store: WeightStore) -> Path:
    return _weights(weight_store, "qwen2.5-coder-1.5b")
