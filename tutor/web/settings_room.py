"""The settings room: the model that answers, how the tutor teaches, how the page looks, and what is kept of a visitor.

The room's script (assets/settings.js) sends one kind of event, with `do` and what goes with it; who may do it is asked
here, whatever the browser shows. A key that is typed comes in such an event and never becomes the value of a component:
it goes to the model's host, and nothing of it comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from tutor.errors import TutorError
from tutor.models import choice
from tutor.teaching.modes import get_mode, get_predict, set_mode, set_predict
from tutor.web import settings_views as views
from tutor.web.site import WITH_SESSION, Header, Session, Site, valid
from tutor.web.toolkit import gr

log = logging.getLogger(__name__)
LOST = "This page has lost its conversation. Reload it, and try again."
BROKE = "That could not be done. Try it again; the log of the tutor says more."
ONLY_TEACHERS = (
    "The model answers everybody, so only a teacher may change it: somebody at the computer that serves this page, or "
    "a name that TUTOR_TEACHERS lists, after signing in."
)
ONE_COURSE = "This tutor was started for one course, and a teacher can choose another one. Ask yours."
ENDING = 1.0  # seconds that a turn under way gets to stop before all data of its visitor is removed


class SettingsRoom:
    """Builds the room inside the current tab and wires it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._host = site.model_host
        self._chosen_here = False
        self._doing: Mapping[str, Callable[[str, dict[str, Any], Any], tuple[Any, ...]]] = {
            "open": self._open,
            "model": self._model,
            "state": self._state,
            "mode": self._mode,
            "predict": self._predict,
            "course": self._course,
            "erase": self._erase,
        }

    # ---- what is on the page

    def build(self, page: Any, session: Session, header: Header) -> None:
        """Create the components; they are filled when the tab is opened."""
        with gr.Column(elem_id="settings-room"):
            self.state = gr.HTML("", elem_id="settings-state")
            self.form = gr.HTML("", elem_id="settings-form")
            self.teaching = gr.HTML("", elem_id="settings-teaching")
            gr.HTML(views.THEME, elem_id="settings-theme", js_on_load="window.tutorSettings.start(element)")
            self.course = gr.HTML("", elem_id="settings-course")
            self.data = gr.HTML(views.data_html(), elem_id="settings-data")
        self.bus = gr.HTML(
            "", elem_id="settings-bus", js_on_load="window.tutorBus('settings', element, trigger)"
        )
        self.bus.click(
            self.do,
            [session.id],
            [self.state, self.form, self.teaching, self.course, self.data],
            js=WITH_SESSION,
            api_visibility="private",
            show_progress="hidden",
            queue=False,
            trigger_mode="multiple",
        )

    # ---- what happens

    def do(self, event: gr.EventData, session_id: Any, request: gr.Request) -> tuple[Any, ...]:
        """One wish of the room's script. What cannot be done is said in a sentence."""
        wish = event._data if isinstance(event._data, dict) else {}
        doing = self._doing.get(str(wish.get("do")))
        found = valid(session_id)
        if doing is None:
            return _parts()
        if found is None:
            return _parts(state=views.said_html(LOST, "error"))
        try:
            return doing(found, wish, request)
        except TutorError as error:
            return self._refused(str(wish.get("do")), str(error), request)
        except Exception as error:  # the last door; no traceback, which could hold what was typed
            log.error("the settings room failed at %s (%s)", wish.get("do"), type(error).__name__)  # noqa: TRY400
            return self._refused(str(wish.get("do")), BROKE, request)

    def _refused(self, do: str, sentence: str, request: Any) -> tuple[Any, ...]:
        said = views.said_html(sentence, "error")
        if do == "model":
            return _parts(state=self._model_html(request, said))
        if do == "erase":
            return _parts(data=views.data_html(said))
        if do == "course":
            return _parts(course=said)
        return _parts(teaching=said)

    def _open(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        return _parts(
            state=self._model_html(request),
            form=self._form_html(request),
            teaching=self._teaching_html(session_id),
            course=self._course_html(session_id, request),
            data=views.data_html(),
        )

    # the model

    def _state(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        return _parts(state=self._model_html(request))

    def _model(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        """Use another model: for everybody, so only a teacher may."""
        if not self._site.access.teacher(request):
            return _parts(state=self._model_html(request, views.said_html(ONLY_TEACHERS, "error")))
        value = str(wish.get("choice", ""))
        if value == choice.SERVER:
            typed = (str(wish.get(name, "")) for name in ("address", "name", "key"))
            spec, settings = choice.server(self._site.settings, *typed)
            self._host.choose(spec, settings)
        else:
            self._host.choose(choice.chosen(value, self._host.store))
        self._chosen_here = True
        return _parts(state=self._model_html(request))

    def _model_html(self, request: Any, said: str = "") -> str:
        host = self._host
        reason = choice.why(host.wanted, host.current.spec, self._chosen_here)
        return views.model_html(host.status, host.current, reason, host.trouble, said)

    def _form_html(self, request: Any) -> str:
        if not self._site.access.teacher(request):
            return views.said_html(ONLY_TEACHERS)
        wanted = str(self._host.wanted)
        offered = choice.choices(self._host.store)
        known = wanted if any(one.value == wanted for one in offered) else choice.SERVER
        return views.model_form_html(
            offered, known if self._host.wanted.kind != "hf" else "", self._chosen_here
        )

    # how the tutor teaches

    def _teaching_html(self, session_id: str, said: str = "") -> str:
        sessions = self._site.owners.sessions
        return views.teaching_html(get_mode(sessions, session_id), get_predict(sessions, session_id), said)

    def _mode(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        """For this conversation, and for all that the visitor begins from now on."""
        sessions = self._site.owners.sessions
        for key in {session_id, sessions.person(session_id)}:
            mode = set_mode(sessions, key, str(wish.get("value", "")))
        return _parts(teaching=self._teaching_html(session_id, f"{mode.title}: kept."))

    def _predict(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        sessions, on = self._site.owners.sessions, wish.get("value") is True
        for key in {session_id, sessions.person(session_id)}:
            set_predict(sessions, key, on)
        said = "I ask for your guess before each run." if on else "Runs start at once."
        return _parts(teaching=self._teaching_html(session_id, said))

    # the course, and what is kept

    def _course_html(self, session_id: str, request: Any, said: str = "") -> str:
        courses = getattr(self._site.tutor, "courses", None)
        settings = self._site.settings
        if courses is None:
            return views.course_html(settings.course or "", settings.course or "", ())
        names = courses.names() if self._may_choose(request) else ()
        here, coming = courses.name_of(session_id), courses.chosen(session_id)
        begun = self._site.owners.sessions.course_of(session_id) is not None
        return views.course_html(here, coming, names, begun, said)

    def _may_choose(self, request: Any) -> bool:
        """A tutor that was started with a course by name stays in it, but for teachers."""
        return self._site.settings.course is None or self._site.access.teacher(request)

    def _course(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        """Another course for the visitor's conversations to come, and for this one if nothing was said in it yet."""
        courses = getattr(self._site.tutor, "courses", None)
        if courses is None or not self._may_choose(request):
            return _parts(course=self._course_html(session_id, request, views.said_html(ONE_COURSE, "error")))
        courses.choose(session_id, str(wish.get("value", "")))
        return _parts(course=self._course_html(session_id, request))

    def _erase(self, session_id: str, wish: dict[str, Any], request: Any) -> tuple[Any, ...]:
        """Everything of this visitor, for good; the browser begins a new conversation afterwards."""
        owners = self._site.owners
        owner = owners.sessions.owner_of(session_id)
        if owner is None:
            return _parts(data=views.data_html(views.said_html(LOST, "error")))
        for past in owners.past(owner):
            self._site.conversations.forget(past.session_id, ENDING)
        self._site.conversations.forget(session_id, ENDING)
        erased = owners.erase(owner)
        return _parts(data=views.data_html(views.said_html(views.erased_words(erased)), done=True))


def _parts(**parts: str) -> tuple[Any, ...]:
    """The outputs of the room, in their order; what is not named stays as it is."""
    return tuple(parts.get(name, gr.skip()) for name in ("state", "form", "teaching", "course", "data"))
