"""Every route of the page, those that Gradio brings included: who may use it, and what cannot be got through it."""

import http.client
import json
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from aside import alone
from page_fakes import FakeTutor, build_page

from tutor.web.gate import LARGEST, OPEN, USED

CALM = {"trust_env": False, "timeout": 120.0}  # no proxy, and patience on a busy machine

# Routes that Gradio offers and the page does not: the gate answers as if they were not there. A route that is neither
# here nor in the gate fails the first test below: look at what it does, then give it its place.
CLOSED = {
    "/svelte/x", "/manifest.json", "/pwa_icon", "/pwa_icon/x", "/monitoring", "/monitoring/summary", "/monitoring/x",
    "/gradio_api/deep_link", "/gradio_api/token", "/gradio_api/token/", "/gradio_api/dev/reload",
    "/gradio_api/runs", "/gradio_api/runs/", "/gradio_api/openapi.json", "/gradio_api/custom_component/x/x/x/x",
    "/gradio_api/proxy=x", "/gradio_api/file/x", "/gradio_api/stream/x", "/gradio_api/stream/x/close",
    "/gradio_api/stream/x/x/x/playlist.m3u8", "/gradio_api/stream/x/x/x/x.x", "/gradio_api/stream/x/x/x/playlist-file",
    "/gradio_api/call/v2/x/", "/gradio_api/call/v2/x/x", "/gradio_api/run-history/connect",
    "/gradio_api/run-history/buckets", "/gradio_api/run-history/records",
    "/gradio_api/run-history/records/x/x/assets/x", "/gradio_api/process_recording",
    "/gradio_api/vibe-edit", "/gradio_api/vibe-edit/", "/gradio_api/undo-vibe-edit", "/gradio_api/undo-vibe-edit/",
    "/gradio_api/vibe-code", "/gradio_api/vibe-code/", "/gradio_api/vibe-starter-queries",
    "/gradio_api/vibe-starter-queries/",
}  # fmt: skip


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """(method, path with x for what is left open) of every route of the page."""
    from gradio.routes import App

    settings = SimpleNamespace(cache_dir=tmp_path_factory.mktemp("routes"), host="127.0.0.1", port=0)
    page = build_page(FakeTutor(), settings)
    from tutor.web import looks

    kwargs = {name: value for name, value in looks.app_kwargs().items() if name != "middleware"}

    async def make():
        return App.create_app(page, app_kwargs=kwargs)

    app = alone(make())
    found = set()

    def walk(some):
        for route in some:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                walk(inner.routes)
                continue
            path = re.sub(r"\{[^}]*\}", "x", route.path)
            found.update((method, path) for method in route.methods or {"GET"})

    walk(app.routes)
    return found


def test_every_route_has_its_place(routes):
    paths = {path for _, path in routes}
    assert len(paths) > 50
    unknown = {path for path in paths if not OPEN.fullmatch(path) and not USED.fullmatch(path)} - CLOSED
    assert unknown == set()
    assert not {path for path in CLOSED if OPEN.fullmatch(path) or USED.fullmatch(path)}


def raw(url, method, path, headers=None, body=None):
    """(status, body), with the path sent as it is written: clients tidy it up."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
    try:
        connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers))
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read(300_000)
        except http.client.IncompleteRead as broken:  # a stream that Gradio broke off
            return answer.status, broken.partial
    finally:
        connection.close()


def test_with_passwords_nothing_answers_without_a_login_but_the_way_in(guarded_url, routes):
    for method, path in sorted(routes):
        if OPEN.fullmatch(path):
            continue
        status, body = raw(guarded_url, method, path, {"Content-Type": "application/json"}, b"{}")
        assert status == (401 if USED.fullmatch(path) else 404), (method, path, body[:200])
    # What is open gives nothing away: the page holds no component, and no name of the course.
    status, body = raw(guarded_url, "GET", "/")
    assert status == 200
    assert b'"components":[],"dependencies":[]' in body
    assert b"auth_required" in body


@pytest.mark.parametrize("forged", ["x", "null", "undefined", "../../x", "None", "a" * 5000, '"', "a;b=c"])
def test_a_made_up_login_is_none(guarded_url, forged):
    page = raw(guarded_url, "GET", "/gradio_api/app_id")[1].decode()
    assert "app_id" not in page
    cookies = "; ".join(f"access-token{kind}={forged}" for kind in ("", "-unsecure", "-unsecure-x"))
    for path in ("/config", "/gradio_api/queue/status", "/gradio_api/info"):
        assert raw(guarded_url, "GET", path, {"Cookie": cookies})[0] == 401
        assert raw(guarded_url, "GET", path, {"X-Forwarded-User": "ada", "Remote-User": "ada"})[0] == 401


def test_after_the_login_the_page_is_there_and_a_program_may_show_its_password_each_time(guarded_url):
    with httpx.Client(base_url=guarded_url, **CALM) as client:
        assert client.post("/login", data={"username": "ada", "password": "one:two"}).status_code == 200
        assert client.get("/config").status_code == 200
        assert client.get("/gradio_api/deep_link").status_code == 404
    # The gate lets a program through; what Gradio itself guards still wants the cookie.
    with httpx.Client(base_url=guarded_url, **CALM, auth=("ada", "one:two")) as client:
        assert client.get("/gradio_api/app_id").status_code == 200
    with httpx.Client(base_url=guarded_url, **CALM, auth=("ada", "one")) as client:
        assert client.get("/gradio_api/app_id").status_code == 401


def test_who_guesses_is_slowed_down_and_nobody_else(guarded_url):
    def sign_in(name, password):
        form = {"username": name, "password": password}
        return httpx.post(guarded_url + "login", data=form, **CALM)

    tried = [sign_in("mallory", f"guess {n}").status_code for n in range(7)]
    assert tried == [400] * 5 + [429] * 2
    refused = sign_in("mallory", "once more")
    assert "Wait" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert sign_in("ada", "one:two").status_code == 200  # from the same address
    # The door for programs counts with it.
    answer = httpx.post(guarded_url + "mcp", json={}, auth=("mallory", "another"), **CALM)
    assert answer.status_code == 429


def test_logins_are_in_no_log(guarded_url, home):
    httpx.post(guarded_url + "login", data={"username": "eve", "password": "sesame-open-7"}, **CALM)
    httpx.get(guarded_url + "config", auth=("eve", "sesame-open-7"), **CALM)
    httpx.post(guarded_url + "login", data={"username": "ada", "password": "one:two"}, **CALM)
    logs = [path.read_text() for path in home[0].glob("server-*.log")]
    assert any("not hashed" in log for log in logs)  # the warning about the file, which names no password
    for log in logs:
        assert "sesame-open-7" not in log
        assert "one:two" not in log


SECRETS = (b"root:x:0", b"one:two", b"[project]", b"TUTOR_", b"SQLite format", b"canary", b"# no longer here")


def climbs(target, folder):
    """Ways of writing a path that some server somewhere has followed."""
    up = "../" * 12 + target.lstrip("/")
    yield from (
        target,
        up,
        f"./{up}",
        f"{folder}/../../{up}",
        target.replace("/", "//"),
        f"{target}/.",
        f"file://{target}",
    )
    yield from (up.replace("../", "%2e%2e/"), up.replace("/", "%2f"), up.replace("../", "%252e%252e%252f"))
    yield from (
        up.replace("../", "....//"),
        up.replace("/", "\\"),
        up.replace("/", "%5c"),
        up.replace("..", "%c0%ae%c0%ae"),
    )
    yield from (
        f"{target}%00.png",
        f"x.png%00{up}",
        f"{up}?x",
        f"{up}%23",
        f"~root/../..{target}",
        f"..;/{up}",
    )


def test_no_path_leads_out_of_the_pages_own_folders(url, guarded_url, home):
    passwords, database = home[0] / "passwords", home[0] / "home" / "data" / "sessions.sqlite"
    assert passwords.exists() or guarded_url
    assert database.exists()
    targets = ["/etc/passwd", "/proc/self/environ", str(passwords), str(database)]
    prefixes = (
        "/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/", "/theme.css/", "/",
        "/gradio_api/custom_component/x/client/", "/gradio_api/stream/x/1/1/", "/gradio_api/proxy=", "/mcp/",
        "/gradio_api/call/", "/gradio_api/runs/",
    )  # fmt: skip
    paths = [prefix + way for target in targets for prefix in prefixes for way in climbs(target, "/static")]
    # One of these will do: Gradio looks for seconds for an upload that is not there.
    paths.append(f"/gradio_api/upload_progress?upload_id=../../..{passwords}")
    assert len(paths) > 1000
    for path in paths:
        status, body = raw(url, "GET", path.replace(" ", "%20"))
        assert not any(secret in body for secret in SECRETS), (path, body[:100])
        assert status < 500, (path, body[:300])
        assert b"Traceback" not in body


def test_the_server_fetches_nothing_for_a_caller(url, canary):
    """Addresses in every place that takes a path or a file."""
    there = f"http://{canary.address}/secret"
    for form in (there, there.replace("http", "HTTP"), f"//{canary.address}/secret", there.replace("/", "%2F"),
                 f"http%3A//{canary.address}/secret", f"http:/{canary.address}/secret", "https://example.org/pixel.png",
                 f"http://user@{canary.address}/secret", "http://169.254.169.254/latest/meta-data", "ftp://example.org/x",
                 f"%68ttp://{canary.address}/secret", f"\\\\{canary.address}\\share"):  # fmt: skip
        for prefix in ("/gradio_api/file=", "/gradio_api/proxy=", "/gradio_api/file/", "/file=", "/proxy="):
            for method in ("GET", "HEAD"):
                status, body = raw(url, method, prefix + form)
                assert status in (403, 404), (prefix, form, status, body[:200])
    # As data: each component's value may be a file by its address.
    file = {"path": there, "url": there, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.csv"}
    with httpx.Client(base_url=url, **CALM) as client:
        functions = client.get("/config").json()["dependencies"]
        for n, function in enumerate(functions):
            data = [file for _ in function["inputs"]]
            for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
                body = {"data": data, "fn_index": n, "session_hash": f"canary{n}"}
                client.post(path, json=body)
        for name in ("ask", "search", "run_lab"):
            client.post(f"/gradio_api/call/{name}", json={"data": [file, file]})
    assert len(functions) > 20
    assert canary.calls == []


def test_a_file_of_the_server_cannot_be_handed_in_as_ones_own(url, home):
    """The upload's handler is told a path that nobody uploaded: the content never comes back."""
    secret = home[0] / "marks.csv"
    secret.write_text("hours,mark\n" + "".join(f"{n},# no longer here {n}\n" for n in range(30)))
    said = []
    with httpx.Client(base_url=url, **CALM) as client:
        config = client.get("/config").json()
        uploads = [
            n for n, one in enumerate(config["dependencies"]) if any(t[1] == "upload" for t in one["targets"])
        ]
        assert len(uploads) >= 2  # the student's CSV, and the teacher's files
        for n in uploads:
            for path in (str(secret), f"/proc/self/cwd/{secret.name}", f"file://{secret}"):
                file = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "marks.csv"}
                for data in ([file, "x" * 20 + "~" + "v" * 24], [[file]]):
                    body = {"data": data, "fn_index": n, "session_hash": "taker"}
                    client.post("/gradio_api/queue/join", json=body)
        with client.stream("GET", "/gradio_api/queue/data?session_hash=taker") as events:
            for line in events.iter_lines():
                said.append(line)
                if "close_stream" in line:
                    break
    told = "\n".join(said)
    assert "process_completed" in told
    assert "no longer here" not in told
    assert "Traceback" not in told
    assert not list((home[0] / "home").rglob("marks-*.csv"))


def test_another_sites_page_cannot_speak_for_a_visitor(url, guarded_url):
    for address in (url, guarded_url):
        own = address.rstrip("/")
        host = urlsplit(address).netloc
        evil = [
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
            {"Origin": f"http://{host}.evil.example"}, {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Site": "cross-site", "Origin": own},
        ]  # fmt: skip
        for headers in evil:
            for method, path in (("POST", "/gradio_api/upload"), ("POST", "/login"), ("GET", "/config"),
                                 ("POST", "/gradio_api/queue/join"), ("GET", "/logout"), ("POST", "/mcp")):  # fmt: skip
                assert raw(address, method, path, headers, b"{}")[0] == 403, (headers, path)
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert raw(address, "GET", "/", followed)[0] == 200  # a link to the page
        assert raw(address, "GET", "/theme.css", {"Origin": own, "Sec-Fetch-Site": "same-origin"})[0] == 200
        assert (
            raw(address, "GET", "/theme.css", {"Origin": own})[0] == 200
        )  # without TLS, browsers say no more


def test_a_name_that_points_here_is_not_this_page(url):
    """DNS rebinding: the visitor's browser is led here under another site's name."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""):
        for path in ("/", "/config", "/mcp"):
            assert raw(url, "GET", path, {"Host": host})[0] in (400, 421), host
    assert raw(url, "GET", "/", {"Host": "localhost:7860"})[0] == 200
    proxied = {"Host": "tutor.example.edu", "X-Forwarded-For": "192.0.2.7"}
    assert raw(url, "GET", "/", proxied)[0] == 200


def test_every_answer_carries_the_headers_that_bind_the_browser(url):
    for path in ("/", "/theme.css", "/nothing", "/gradio_api/file=x", "/config"):
        headers = httpx.get(url.rstrip("/") + path, **CALM).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "geolocation=()" in headers["permissions-policy"]
        policy = headers["content-security-policy"]
        for rule in (
            "default-src 'self'",
            "connect-src 'self'",
            "script-src-attr 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        ):
            assert rule in policy
        assert "http:" not in policy
        assert "*" not in policy


def test_a_state_that_somebody_else_saved_is_not_opened(url):
    for link in ("x", "..", "../../../../../etc", "%2e%2e%2fx"):
        assert raw(url, "GET", f"/?deep_link={link}")[0] == 404
        assert raw(url, "GET", f"/?lab=bandit&deep%5Flink={link}")[0] == 404


def test_what_is_too_large_is_not_taken(url):
    status, _ = raw(
        url, "POST", "/gradio_api/queue/join", {"Content-Type": "application/json"}, b'"' + b"x" * LARGEST
    )
    assert status == 413
    # A request that keeps its length to itself ends where it is too long, and the server lives on.
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
    pieces = (b"x" * 500_000 for _ in range(40))
    try:
        connection.request(
            "POST",
            "/gradio_api/component_server",
            pieces,
            {"Content-Type": "application/json"},
            encode_chunked=True,
        )
        assert connection.getresponse().status >= 400
    except (ConnectionError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    assert raw(url, "GET", "/theme.css")[0] == 200


def test_a_broken_call_says_one_sentence_and_no_trace(url):
    """Bodies of the wrong kind, at every address that takes one."""
    odd = [b"", b"{", b"[]", b"null", b'"x"', b'{"data": null}', b'{"data": {}}', b'{"fn_index": -1, "data": []}',
           b'{"fn_index": 99999, "data": [], "session_hash": "s"}', b'{"data": [], "api_name": "../x"}',
           b'{"data": [1], "fn_name": "__class__", "component_id": 1, "session_hash": "s"}',
           b'{"data": [1], "fn_name": "preprocess", "component_id": 999999, "session_hash": "s"}',
           json.dumps({"data": ["x" * 9000] * 50}).encode(), b"\xff\xfe\x00", b"[" * 50_000]  # fmt: skip
    names = (
        "queue/join",
        "run/predict",
        "component_server",
        "call/ask",
        "call/run_lab",
        "cancel",
        "reset",
        "upload",
    )
    paths = (*(f"/gradio_api/{name}" for name in names), "/mcp", "/login")
    for path in paths:
        for body in odd:
            for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
                status, said = raw(url, "POST", path, {"Content-Type": kind}, body)
                assert 200 <= status < 600
                assert b"Traceback" not in said, (path, body[:80])
                assert b'File "' not in said, (path, body[:80])
                assert b"site-packages" not in said, (path, body[:80])
    assert raw(url, "GET", "/theme.css")[0] == 200


def test_an_uploads_name_stays_a_name(url, home):
    names = (
        "../../../../escape.csv",
        "/etc/escape.csv",
        "..\\..\\escape.csv",
        "a/b/escape.csv",
        "esc\0ape.csv",
        ".." * 300,
    )
    for name in names:
        answer = httpx.post(url + "gradio_api/upload", files={"files": (name, b"a,b\n1,2\n")}, **CALM)
        assert answer.status_code in (200, 400, 429), (name, answer.text)
        for path in answer.json() if answer.status_code == 200 else []:
            assert "/page-" in path
            assert ".." not in path.split("/page-")[1].split("/")
    assert not list(home[0].rglob("escape.csv")) or all(
        "/page-" in str(p) for p in home[0].rglob("escape.csv")
    )
