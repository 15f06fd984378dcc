"""The page, composed: header, rooms, looks; and the way it is launched.

`build` makes the page from what it is handed. `serve` launches it and stays until it is interrupted;
`launch` comes back at once, for tests. Each room is a tab: a further room is a line in `_rooms`.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware

from labs.artist import Artist
from labs.registry import LABS
from tutor.errors import SettingsError
from tutor.owners import Owners
from tutor.passwords import Passwords
from tutor.service import Service
from tutor.settings import Settings
from tutor.web import api, looks, status
from tutor.web.access import Access, programs_refresh, teacher_names
from tutor.web.chat import ChatRoom
from tutor.web.course_room.room import CourseRoom
from tutor.web.ending import finish, watched
from tutor.web.gate import Gate, Rules
from tutor.web.health import Health, HealthDoor
from tutor.web.lab_room.room import LabRoom
from tutor.web.lean import make_lean
from tutor.web.limits import Limits, TooManyError
from tutor.web.live import Conversations
from tutor.web.mcp_server import LOCAL, McpDoor, McpRoom
from tutor.web.past import DOOR, PastDrawer
from tutor.web.pictures import DarkWhenAsked, Pictures
from tutor.web.progress_room import ProgressRoom
from tutor.web.report_room import ReportRoom
from tutor.web.settings_room import SettingsRoom
from tutor.web.sign_in import SignIn
from tutor.web.site import Header, Session, Site, session_input
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
TITLE = "ML Tutor"
TAGLINE = "Lectures explained, experiments run"
DAY = 24 * 3600

Room = tuple[str, Callable[[Any, Session, Header], None]]


def build(
    tutor: Any,
    settings: Settings,
    knowledge: Any,
    model_host: Any,
    examples: Sequence[str] | None = None,
) -> Any:
    """The page as `gr.Blocks`, not yet launched.

    Parameters
    ----------
    tutor : Tutor
        Answers: `reply(message, session_id, cancel)` and `history(session_id)`.
    settings : Settings
        For the folder of the pictures, and for `launch`.
    knowledge : Library or KnowledgeBase
        Opens passages in their place.
    model_host : ModelHost
        Which model is in use, and how far its download is.
    examples : sequence of str, optional
        Messages to click on an empty page; by default some questions, and one run of each of a few labs.
    """
    folder = _private_folder(settings.cache_dir)
    # Gradio reads this where components are made: all that it serves or takes lies in this folder.
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    artist = Artist()
    pictures = Pictures(folder, artist)
    conversations = Conversations(tutor, pictures)
    examples = default_examples() if examples is None else examples
    owners = Owners(tutor.sessions, tutor.progress)
    access = Access(teacher_names(settings))
    limits = Limits.of(settings)
    site = Site(tutor, settings, knowledge, model_host, conversations, owners, access, limits)
    with gr.Blocks(title=TITLE, fill_height=True, delete_cache=(DAY, DAY), analytics_enabled=False) as page:
        # First, so that their names are free: the rooms' own handlers are private, and take what is left.
        refresh = programs_refresh(knowledge, access)
        api.add_endpoints(Service(tutor), pictures, refresh, limits)
        session = session_input(owners)
        header = _header(model_host, knowledge)
        with gr.Tabs(elem_id="rooms"):
            for name, fill in _rooms(site, examples):
                with gr.Tab(name, id=name.lower(), elem_id=f"room-{name.lower()}"):
                    fill(page, session, header)
            if getattr(settings, "report", "off") == "on":
                ReportRoom(site).add(page)
        PastDrawer(site).build(page, session, header)
    make_lean(page)
    page.queue(default_concurrency_limit=16, max_size=256, api_open=False)
    page.tutor_access = access  # `launch` says how the page is served
    page.tutor_limits = limits
    page.tutor_folder = folder
    page.tutor_refresh = refresh
    page.tutor_pictures = pictures
    page.tutor_artist = artist
    page.tutor_stop = conversations.stop_all
    return page


def _rooms(site: Site, examples: Sequence[str]) -> tuple[Room, ...]:
    return (
        ("Chat", ChatRoom(site, examples).build),
        ("Labs", LabRoom(site).build),
        ("Course", CourseRoom(site).build),
        ("Progress", ProgressRoom(site).build),
        ("Settings", SettingsRoom(site).build),
    )


def _header(model_host: Any, knowledge: Any) -> Header:
    with gr.Row(elem_id="header"):
        gr.HTML(DOOR, elem_id="past-door")
        gr.HTML(
            f'<div class="t-brand">{looks.MARK}'
            f"<div><strong>{TITLE}</strong><span>{TAGLINE}</span></div></div>",
            elem_id="brand",
        )
        shown = gr.HTML(status.model_html(model_host) + status.library_html(knowledge), elem_id="status")
        fresh = gr.Button(
            "New conversation", elem_id="fresh", size="sm", variant="secondary", scale=0, min_width=0
        )
    timer = gr.Timer(1.0)
    return Header(shown, fresh, timer, gr.State(status.model_words(model_host)[0]))


def default_examples() -> list[str]:
    """Two questions and two runs that answer within a second or two, whatever model there is."""
    runs = [LABS[lab].examples[0] for lab in ("bandit", "regression")]
    return ["Why do we decay epsilon?", "What does gradient descent do, step by step?", *runs]


@dataclass(frozen=True)
class Running:
    """A page that is being served."""

    url: str
    page: Any

    def close(self) -> None:
        self.page.close(verbose=False)


def launch(
    page: Any,
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    auth_file: Path | None = None,
    service: Service | None = None,
    health: Health | None = None,
    metrics: Any = None,
) -> Running:
    """Serve the page in the background, and `service` to programs at /mcp; comes back when it answers.

    `health` answers at /healthz and /readyz, `metrics` (an ASGI application) at /metrics where the settings allow it.

    Raises
    ------
    SettingsError
        The port is taken, or the password file cannot be used.
    """
    host = host or settings.host
    port = _free_port(host, settings.port if port is None else port)
    sign_in = _sign_in(auth_file) if auth_file is not None else None
    page.tutor_access.launched(host, share, sign_in=sign_in is not None)
    app_kwargs = looks.app_kwargs(local=not share)
    local = host in LOCAL and not share
    rules = Rules(page.tutor_access, page.tutor_limits, page.tutor_folder, sign_in, local)
    app_kwargs["middleware"].insert(1, Middleware(Gate, rules=rules))  # refusals carry the headers, too
    app_kwargs["middleware"].append(Middleware(DarkWhenAsked, pictures=page.tutor_pictures))
    if service is not None:
        refresh = page.tutor_refresh if page.tutor_access.programs else None
        door = McpRoom(
            service, LABS, local=local, sign_in=sign_in, refresh=refresh,
            limits=page.tutor_limits, png=page.tutor_pictures.png,
        )  # fmt: skip
        app_kwargs["middleware"].append(Middleware(McpDoor, door=door))
    if health is not None:  # in front of everything: it needs no password and no page
        who = "off" if share and settings.metrics == "local" else settings.metrics
        front = Middleware(HealthDoor, health=health, metrics=metrics, who=who)
        app_kwargs["middleware"].insert(0, front)
    # The page's own check that it is up must not go through a proxy.
    for name in ("NO_PROXY", "no_proxy"):
        kept = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join(dict.fromkeys([*kept, "127.0.0.1", "localhost"]))
    _, url, shared = page.launch(
        server_name=host,
        server_port=port,
        share=share,
        auth=_asked(sign_in) if sign_in else None,
        auth_message="Sign in with the name and password that your teacher gave you." if sign_in else None,
        prevent_thread_lock=True,
        quiet=True,
        inbrowser=False,
        show_error=True,
        max_threads=160,  # streams mostly sleep: 64 of the chat, 48 of programs, and the clicks of all rooms
        # Gradio keeps 190 KB and the shown chat of every tab that was ever opened, up to this many; the one that was
        # used longest ago goes first and loses nothing, since a conversation is read from the database.
        state_session_capacity=1000,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        allowed_paths=[],
        max_file_size="20mb",
        strict_cors=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        favicon_path=str(looks.ASSETS / "icon.svg"),
        app_kwargs=app_kwargs,
        theme=looks.theme(),
        js=looks.script(),
        head=looks.head(),
    )
    return Running(shared or url, page)


def serve(
    tutor: Any,
    settings: Settings,
    knowledge: Any,
    model_host: Any,
    *,
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    auth_file: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
    metrics: Any = None,
    tell: Callable[[str], None] = print,
) -> None:
    """Build the page, serve it, call `on_ready` with its address, and stay until SIGTERM or Ctrl-C (or `stop`).

    Then nothing new is taken, and what is under way gets `settings.shutdown_seconds` to finish.
    """
    stop = stop or threading.Event()
    page = build(tutor, settings, knowledge, model_host)
    running = launch(
        page,
        settings,
        host=host,
        port=port,
        share=share,
        auth_file=auth_file,
        service=Service(tutor),
        health=Health(tutor),
        metrics=metrics,
    )
    try:
        with watched(stop):
            if on_ready is not None:
                on_ready(running.url)
            page.tutor_artist.warm_up()
            while not stop.wait(1.0):
                pass
            finish(tutor.intake, settings.shutdown_seconds, tell, page.tutor_stop)
    finally:
        running.close()
        page.tutor_artist.close()


def _sign_in(auth_file: Path) -> SignIn:
    passwords = Passwords(auth_file)
    if plain := passwords.plain:
        log.warning(
            "The passwords of %d name%s in %s are not hashed: whoever reads the file has them. "
            "Hash them with: tutor passwords protect %s",
            len(plain), "s" * (len(plain) != 1), auth_file, auth_file,
        )  # fmt: skip
    return SignIn(passwords)


def _asked(sign_in: SignIn) -> Callable[[str, str], Awaitable[bool]]:
    """What Gradio's login form asks."""
    from starlette.exceptions import HTTPException

    async def check(name: str, password: str) -> bool:
        try:
            return await sign_in.check(name, password)
        except TooManyError as error:
            raise HTTPException(429, str(error), {"retry-after": str(int(error.wait) + 1)}) from None

    return check


def _free_port(host: str, port: int) -> int:
    """The port, if it can be had; 0 asks for any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise SettingsError(
            f"The page cannot be opened on {host}:{port} ({error.strerror}). "
            "Is the tutor running already? Otherwise choose another port with --port."
        ) from error


def _private_folder(cache: Path) -> Path:
    """A new folder that nobody else can read; the folders of pages that are gone are swept away."""
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.glob("page-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"page-{os.getpid()}-", dir=cache))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))
