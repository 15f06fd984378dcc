"""The tutor as an MCP server at `/mcp`: the same operations as the page's API, for programs that speak that protocol.

Gradio can turn its endpoints into tools, but their schemas would say no more than "object" and their answers would be
Python's notation; here each tool says what it takes, answers with JSON beside the words, reports how far it is,
and sends its pictures. Nothing is loaded before the first call: the package takes a second to import, and most pages
never need it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from knowledge.errors import KnowledgeError
from labs.base import Lab, LabResult
from labs.charts import Chart
from labs.errors import LabError
from tutor.errors import TutorError
from tutor.owners import named_owner
from tutor.schema import lab_schema
from tutor.service import MOST_PASSAGES, Reply, Service, Tell
from tutor.web.limits import Limits, TooManyError, Visitor
from tutor.web.pictures import drawn_here
from tutor.web.sign_in import SignIn, address, basic

log = logging.getLogger(__name__)
PATH = "/mcp"
INSTRUCTIONS = (
    "A tutor for a beginners' machine-learning course. search finds passages of the lectures, ask answers a student's "
    "message with citations, list_labs and run_lab run the course's experiments and return figures and numbers."
)
LOCAL = ("127.0.0.1", "localhost", "::1")
APOLOGY = "Something went wrong on the tutor's side. Try again; the log says more."
NOBODY = "Sign in with HTTP basic authentication: the name and password that open the page."
LATEST_STOP = 600.0  # seconds after which a call is given up, whatever it does


class McpDoor:
    """ASGI middleware: what comes for `/mcp` goes to the MCP server, everything else to the page."""

    def __init__(self, app: Any, door: McpRoom) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            await self._door.handle(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class McpRoom:
    """The server behind the door: made at the first call, in the event loop that serves the page."""

    def __init__(
        self,
        service: Service,
        labs: Mapping[str, Lab],
        *,
        local: bool = True,
        sign_in: SignIn | None = None,
        refresh: Callable[[Tell], dict[str, Any]] | None = None,
        limits: Limits | None = None,
        png: Callable[[LabResult, Chart], bytes] = drawn_here,
    ) -> None:
        """`sign_in` checks names and passwords (HTTP basic authentication); `refresh` is offered where it is given.

        `png` draws a run's figures.

        With `local`, calls must be addressed to this machine: a web page that lures a browser here is refused.
        """
        self._service = service
        self._labs = labs
        self._local = local
        self._sign_in = sign_in
        self._refresh = refresh
        self._limits = limits or Limits()
        self._png = png
        self._manager: Any = None
        self._ready: asyncio.Lock | None = None
        self._life: asyncio.Task[None] | None = None

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """One HTTP request."""
        if self._sign_in is not None:
            header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            pair = basic(header)
            try:
                right = pair is not None and await self._sign_in.check(*pair)
            except TooManyError as error:
                await _refuse(send, 429, str(error))
                return
            if not right:
                await _refuse(send, 401, NOBODY)
                return
        await self._open()
        await self._manager.handle_request(scope, receive, send)

    async def _open(self) -> None:
        self._ready = self._ready or asyncio.Lock()
        async with self._ready:
            if self._manager is not None:
                return
            manager = await asyncio.to_thread(self._make)
            opened = asyncio.Event()

            async def live() -> None:
                async with manager.run():
                    opened.set()
                    await asyncio.Event().wait()  # until the loop ends and cancels this

            self._life = asyncio.create_task(live())
            await opened.wait()
            self._manager = manager

    def _make(self) -> Any:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        if self._local:
            hosts = [host for name in LOCAL for host in (_bracketed(name), f"{_bracketed(name)}:*")]
            security = TransportSecuritySettings(
                allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts]
            )
        return StreamableHTTPSessionManager(self.server(), stateless=True, security_settings=security)

    def server(self) -> Any:
        """The protocol's own server object, with the tools; for tests it can be called without HTTP."""
        import mcp_types as types
        from mcp.server.lowlevel import Server

        tools = {tool["name"]: tool for tool in self.tools()}

        async def list_tools(context: Any, params: Any) -> Any:
            return types.ListToolsResult(tools=[types.Tool(**tool) for tool in tools.values()])

        async def call_tool(context: Any, params: Any) -> Any:
            pair = (
                basic(context.request.headers.get("authorization", "")) if self._sign_in is not None else None
            )
            caller = pair[0] if pair is not None else None
            reply, error = await self._call(params.name, params.arguments or {}, context.session, caller)
            if reply is None:
                return types.CallToolResult(content=[types.TextContent(text=error)], is_error=True)
            text = types.TextContent(text=json.dumps(reply.data, ensure_ascii=False))
            images = await asyncio.to_thread(self._figures, reply)
            pictures = [types.ImageContent(data=data, mime_type="image/png") for data in images]
            return types.CallToolResult(content=[text, *pictures], structured_content=reply.data)

        return Server(
            "ml-tutor",
            title="ML Tutor",
            instructions=INSTRUCTIONS,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )

    def _figures(self, reply: Reply) -> list[str]:
        drawn = [self._png(result, chart) for _, result in reply.runs for chart in result.charts]
        return [base64.b64encode(png).decode() for png in drawn]

    async def _call(
        self, name: str, given: Mapping[str, Any], session: Any, caller: str | None
    ) -> tuple[Reply | None, str]:
        """Run one tool in a thread; progress goes out from the event loop. A refusal is a sentence, never a trace."""
        loop = asyncio.get_running_loop()
        cancel = threading.Event()

        def tell(fraction: float, what: str) -> None:
            report = session.report_progress(round(float(fraction), 4), 1.0, what)
            asyncio.run_coroutine_threadsafe(report, loop)

        try:
            work = asyncio.to_thread(self._work, name, given, tell, cancel, caller)
            return await asyncio.wait_for(work, LATEST_STOP), ""
        except (TutorError, LabError, KnowledgeError, _WrongCallError) as error:
            return None, str(error)
        except TimeoutError:
            return None, f"The call took more than {LATEST_STOP:.0f} seconds and was given up. Ask for less."
        except Exception:
            log.exception("the tool %s failed", name)
            return None, APOLOGY
        finally:
            cancel.set()  # the caller has gone, or the work is over: nothing goes on behind its back

    def _work(
        self, name: str, given: Mapping[str, Any], tell: Tell, cancel: threading.Event, caller: str | None
    ) -> Reply:
        schema = next((tool["input_schema"] for tool in self.tools() if tool["name"] == name), None)
        if schema is None:
            names = ", ".join(tool["name"] for tool in self.tools())
            raise _WrongCallError(f"There is no tool {name[:60]!r}. There are: {names}.")
        values = _checked(name, given, schema)
        visitor = Visitor(caller or "", address.get())
        if name in ("ask", "search"):
            self._limits.message(visitor)
        elif name == "run_lab":
            self._limits.run(visitor)
        if name == "ask":
            owner = named_owner(caller) if caller else None
            return self._service.ask(**values, tell=tell, cancel=cancel, owner=owner)
        if name == "search":
            return self._service.search(**values)
        if name == "run_lab":
            return self._service.run_lab(**values, tell=tell, cancel=cancel)
        if name == "refresh" and self._refresh is not None:
            return Reply(self._refresh(tell))
        return self._service.list_labs()

    def tools(self) -> list[dict[str, Any]]:
        """Name, words and schema of each tool."""
        found = [
            _tool(
                "ask",
                "Ask the tutor",
                ASK,
                {"message": _text(MESSAGE), "session": _text(SESSION)},
                ["message"],
            ),
            _tool(
                "search",
                "Search the course",
                SEARCH,
                {
                    "query": _text("What to look for, in a few words or a whole question."),
                    "k": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MOST_PASSAGES,
                        "default": 6,
                        "description": "How many passages.",
                    },
                },
                ["query"],
            ),
            _tool("list_labs", "List the labs", LIST, {}, []),
            _tool(
                "run_lab",
                "Run a lab",
                RUN,
                {
                    "lab": {"type": "string", "enum": list(self._labs), "description": self._which()},
                    "parameters": {
                        "anyOf": [
                            {**lab_schema(lab), "title": lab.id, "description": f"For the lab {lab.id}."}
                            for lab in self._labs.values()
                        ],
                        "description": "What to set; the rest keeps its default.",
                    },
                },
                ["lab"],
            ),
        ]
        if self._refresh is not None:
            found.append(_tool("refresh", "Refresh the index", REFRESH, {}, []))
        return found

    def _which(self) -> str:
        return " ".join(f"{lab.id}: {lab.title}." for lab in self._labs.values())


ASK = (
    "One turn with the tutor: it answers from the lectures with numbered citations, runs a lab when the message asks "
    "for an experiment, or asks a quiz question. Figures of a run come back as images."
)
MESSAGE = (
    "What the student says, as to a person: a question, or a wish such as 'run the bandit with ten arms'."
)
SESSION = (
    "The id that an earlier answer gave, to go on with that conversation; leave it out to begin a new one."
)
SEARCH = (
    "Passages of the lectures and notebooks that fit a query, best first, with file, heading, cell or page."
)
LIST = "The labs with what each shows, its lectures, defaults and the schema of its parameters."
RUN = (
    "Run one experiment of the course and get its metrics, tables, findings and figures. Any one parameter may be a "
    "list of values: they are compared. The link in `permalink` replays the run."
)
REFRESH = "Read the course's files again: what is new or changed is indexed, what is gone is taken out."


class _WrongCallError(ValueError):
    """A call that cannot be carried out as it came; the message is for the caller."""


def _tool(
    name: str, title: str, description: str, properties: dict[str, Any], required: list[str]
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "name": name,
        "title": title,
        "description": description,
        "input_schema": {**schema, "required": required} if required else schema,
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _checked(tool: str, given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, if each is known and of its kind; what a lab's parameters may be is the lab's own business."""
    properties = schema["properties"]
    if unknown := [name for name in given if name not in properties]:
        allowed = ", ".join(properties) or "nothing"
        raise _WrongCallError(f"{tool} takes no {unknown[0][:60]!r}. It takes: {allowed}.")
    if missing := [name for name in schema.get("required", ()) if name not in given]:
        raise _WrongCallError(f"{tool} needs {missing[0]!r}: {properties[missing[0]]['description']}")
    for name, value in given.items():
        kind = properties[name].get("type", "object")
        python = {"string": str, "integer": int, "object": dict}[kind]
        if not isinstance(value, python) or isinstance(value, bool):
            raise _WrongCallError(f"{name!r} of {tool} was {str(value)[:60]!r}; it must be of type {kind}.")
    return dict(given)


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


async def _refuse(send: Any, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b'Basic realm="ML Tutor"')]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
