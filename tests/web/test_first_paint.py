"""The few lines that go into the page's own HTML, and what is left alone."""

import pytest
from aside import alone

from tutor.web.first_paint import FirstPaint, snippet


def answer(path, headers, *parts, method="GET", root_path=""):
    """What a browser gets for `path` when the page behind the middleware answers with these parts."""
    sent = []

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": at + 1 < len(parts)})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "root_path": root_path}
    alone(FirstPaint(page)(scope, None, send))
    return sent


HTML = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"26")]


@pytest.mark.parametrize(("path", "root"), [("/", ""), ("", ""), ("/tutor/", "/tutor")])
def test_the_page_gets_the_script_first_and_its_length_right(path, root):
    start, body = answer(path, HTML, b"<html><he", b"ad><title/></head>", root_path=root)
    assert body["body"] == b"<html><head>" + snippet() + b"<title/></head>"
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        ("/gradio_api/queue/data", [(b"content-type", b"text/event-stream")], "GET"),
        ("/assets/x.html", HTML, "GET"),
        ("/", [(b"content-type", b"application/json")], "GET"),
        ("/", [*HTML, (b"content-encoding", b"gzip")], "GET"),
        ("/", HTML, "HEAD"),
    ],
)
def test_everything_else_is_passed_on_as_it_comes(path, headers, method):
    sent = answer(path, headers, b"<head>", b"more", method=method)
    assert [message.get("body") for message in sent] == [None, b"<head>", b"more"]
    assert sent[0]["headers"] == headers
