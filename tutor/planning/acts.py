"""What kind of thing a message does: asks, orders a run, wants a quiz, chats, asks about the tutor, or is
off the subject.

Reads words and phrases of plain English only. Whether a named experiment exists is not known here: the
router joins these acts with what the registry's words say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tutor.planning.courtesies import apologises, owns_up, without_courtesies
from tutor.planning.text import Token
from tutor.planning.vocabulary import ELSEWHERE, SUBJECT, words

Act = Literal["run", "change", "suppose", "watch", "question", "report", "fragment", "favour", "choose"]

# What may stand before the verb without changing what is asked.
_OPENING = re.compile(
    r"""^(?:(?:hi|hello|hey|hiya|wait|hold\ on|hang\ on|basically|honestly|like|er|erm|ah|aha|btw
    |by\ the\ way|quick\ question
    |question|one\ more\ thing|one\ thing|lol|haha|wow|interesting|i\ see|got\ it|makes\ sense|pretty|good
        |fine(?!\ tune)|lovely|brilliant
    |i\ (?:was|am)\ (?:just\ )?(?:wondering|hoping|thinking)(?:\ (?:if|whether|that|maybe))?
        |any\ chance(?:\ of|\ that)?
    |is\ there\ (?:any\ chance|a\ way)(?:\ (?:to|that|of))?|fancy|feel\ like|it\ would\ be\ (?:good|nice
        |great|cool)\ (?:to|if)
    |ok|okay|so|well|right|alright|now|please|actually|no|nah|nope|sorry|oh|um|hmm|hm|yes|yeah
    |yep|yup|sure|and|but|then|also|great|cool|nice|perfect|thanks|thank\ you|cheers|just|mate|next|first
        |finally
    |quickly|maybe|perhaps|again|go\ on|go\ ahead(?:\ and)?|let\ us(?:\ just)?(?:\ see)?(?=\ )
        |let\ me(?:\ just)?
    |(?:can|could|would|will|may|shall)\ (?:you|we|i)(?:\ (?:please|just|also|now|maybe|kindly|possibly
        |quickly))*
    |(?:i|we)\ (?:would\ like|would\ love|want|need|wish|am\ going|would\ prefer)(?:\ (?:you|it))?(?:\ to)?
    |(?:i|we)\ (?:will|can|fancy)|(?:you|we|i)\ (?:could|can|might|would)(?:\ (?:please|just|maybe))?
        |i\ am\ trying\ to|i\ think(?:\ we\ should)?|we\ should|you\ should|how\ about(?:\ we)?
    |is\ it\ possible(?:\ for\ you)?\ to|are\ you\ able\ to|would\ you\ mind|do\ you\ mind
        |why\ do\ not\ (?:we|you)
    |time\ to|ready\ to|try\ to|try\ and|help\ me(?:\ to)?|be\ a\ dear\ and|to|there|tutor|everyone|guys
        |for\ me)\b
    [\s,.!]*)""",
    re.VERBOSE,
)
RUN = words(
    """
    run train simulate retrain launch execute fit repeat start running training simulating fitting reproduce
    recreate benchmark demo demonstrate
    """
)
CHANGE = words(
    """
    do try compare plot use show see make set change give increase decrease double halve triple have get
    switch add remove turn keep drop lower raise swap put bump reduce balance predict forecast classify
    recognise trade solve build test evaluate play experiment graph visualise include leak augment scale
    learn teach generate cluster read doing trying using comparing making pit contrast disable enable leave
    split hold treble evaluating solving take pick pull leave sample cut up throw crank detect segment fine
    finetune let grow reach model apply check push want implement create
    """
)
_QUESTION = re.compile(
    r"""^(?:what|why|how|when|where|who|whose|which|is|are|am|does
    |do\ (?:you|i|we|they|people|not\ (?:understand|get))
    |did|was|were|should
    |would|could|can|has|have\ (?:i|you|we)|explain|describe|define|tell\ me|summarise|summary|derive
        |derivation|prove|proof
    |difference|meaning|definition|if
    |(?:formula|equation|notation|pseudocode|maths?)\ (?:of|for|behind)|(?:walk|talk|run|take|step)\ me
    |get\ (?:this|it)\ (?:straight|right)|go\ (?:over|through)|teach\ me|remind\ me
        |understand|clarify
    |elaborate|calculate|compute|work\ out|solve\ for|estimate|list|name|state|key\ point|rephrase|simplify
        |break\ down|say\ that
    |give\ me\ (?:the|some|a\ few)\ (?:key|main)|sketch|discuss|outline|interpret|know|learn\ (?:about|how
        |what|why)|example|wondering|confused|struggling
    |stuck|advantage|pro\ and\ con|intuition|overview|justify|motivate|will|might|shall|does|must|any\ idea
        
    |give\ me\ (?:an?\ |some\ |the\ )?(?:\w+\ )?(?:example|explanation|intuition|definition|summary
        |overview|idea|hint|formula|reason|proof)
    |give\ me\ (?:the|an?|some)\ \w+\ (?:of|behind|about)
    |show\ (?:me\ |us\ )?(?:how|why|what|where|that|the\ (?:math|formula|derivation|proof|equation
        |definition|maths|code|source|passage))
    |see\ (?:how|why|what|if)\ (?:it|a|an|the)?\ ?(?:\w+\ )?work|more\ (?:detail|about)|about|in\ (?:simple
        |plain)|eli5|expand\ on|recap
    |help\ (?:me\ )?understand|i\ (?:am\ )?(?:do\ not\ (?:understand|get|know|see|follow)|still|am|can\ not
        |am\ not|have\ (?:a|no|to)|keep|wonder|get|understand|thought|missed|read|heard|saw|forgot|was|feel
            |guess)
    |(?:find|look\ up|search|where)|(?:repeat|put)\ (?:that|it|this)\ (?:again\ )?(?:in|more|slower|another)
    |(?!compare\ (?:this|that)\ (?:with|to|versus)\ <number>)
    (?:compare|explain|describe|interpret|plot|read)\ (?:these|this|those|that|my|your
    |the\ (?:last|previous|two|result|run|number|plot|curve)))\b""",
    re.VERBOSE,
)
_SUPPOSE = re.compile(
    r"""^(?:what\ if|what\ about|how\ about|and\ if|if\ we|if\ i|suppose
    |what\ (?:would\ |will\ )?(?:happen|happens|change)\ (?:if|with|when)\ (?:i|we|you|there|it)
    |what\ (?:would|will)\ (?:happen|change)\ (?:if|with)|how\ does\ it\ (?:do|look|perform)\ with
    |what\ (?:happens?|changes?)\ with
    |(?:what|how)\ (?:does|would|do|will)\ (?:it|that|they|the\ (?:plot|result|curve)s?)
    \ (?:look|come\ out|turn\ out|do|go)(?:\ like)?\ (?:with|without|on|for|at|if)
    |does\ it\ (?:change|help|work)\ (?:with|if|on))\b""",
    re.VERBOSE,
)
_PEOPLE = (
    r"(?:(?:my|a|the|our|his|her|one|this|that|some) (?:\w+ )?(?:friend|mate|brother|sister|teacher"
    r"|lecturer|flatmate|colleague"
    r"|classmate|dad|mum|prof|professor|boss|partner|housemate|book|paper|article|tutorial|video|lecture"
    r"|slide|blog|supervisor"
    r"|student|guy|girl|author|cousin|ta|demonstrator|roommate)|he|she|they|someone|somebody|people"
    r"|everyone|sutton)"
)
_REPORT = re.compile(
    r"^(?!(?:i|we) (?:was|am) (?:just )?(?:wondering|hoping|thinking))(?:in (?:the|my|a|our|this"
    r"|class) .{0,30}?)?(?:"
    r"(?:i|we) (?:(?:just|already|also|have|previously|once|then|only) )*"
    r"(?:ran|trained|used|tried|got|was|were|did|had|fitted|simulated|found|set|left|noticed|ended"
    r"|thought|been)\b"
    rf"|{_PEOPLE}\b.{{0,60}}?\b(?:ran|run|trained|train|used|use|tried|got|get|was|were|did|has|had|says"
    rf"|said|say|saying|found"
    r"|find|claim|reckon|fitted|simulated|told|think|always|showed|chose|running|work|set|picked)\b)"
)
_NO_RUN = re.compile(
    r"\b(?:(?:do not|never|no need to|not) (?:actually |need to |want to |want you to |bother )?(?:run"
    r"|train|start|simulate|execute|running|training|launch)\b"
    r"|(?:without|instead of|rather than|before) (?:actually )?(?:running|training|simulating|run)\b"
    r"|in (?:words?|theory|principle)$|\bon paper\b|conceptually|theoretically|\bby hand\b"
    r"|not a run\b|no (?:run|simulation|experiment)\b)"
)
_QUIZ = re.compile(
    r"(?<![\w<])(?:quiz\w*|test (?:me|my|myself|us)|tested on|examine me|ask me|mock (?:exam|test|quiz)"
    r"|flash ?card|mcq|multiple choice"
    r"|(?:practice|practise|exam|exam style|revision|test|quiz|warm up|example exam) question"
    r"|another question|more question"
    r"|(?:hit|fire|throw|send|shoot|chuck|give|set|get|make|do|try|like|need|want"
    r"|show)\b(?: [\w<>]+){0,5} question\b"
    r"|(?:asking|ask) (?:me )?(?:some |a few |a )?question|revise\b.* with me|help me revise"
    r"|next question|(?:give|set|throw|fire) (?:me|us) (?:\w+ ){0,3}(?:question|problem|exercise)|(?:some"
    r"|few|<number>) (?:\w+ )?question"
    r"|(?:quick|short|little|mini|pop|surprise) (?:test|exam)|test on (?:lecture|week|the)"
    r"|check (?:if|whether|that) i (?:understand|understood|know|remember|get|got)"
    r"|check my (?:understanding|knowledge)"
    r"|drill me|grill me|question me|assess me|practice (?:problem|exercise|test)|exercise (?:on|about"
    r"|for)|pop quiz)\b"
)
_NOT_QUIZ = re.compile(
    r"\b(?:i have|i got|got) (?:a|some|one|<number>|another) (?:\w+ )?question|ask you|^question\b"
    r"|can i ask\b"
)
_TAG = re.compile(r"\b(?:right|correct|true|yeah|innit|is it not|is that right|is not it|no)$")
_STRONG_SOCIAL = words(
    """
    worries hi hello hey hiya heya howdy thanks thank cheers ta bye goodbye morning afternoon evening
    goodnight night welcome sorry brilliant amazing awesome lovely ace wicked legend cool nice great good
    perfect wow haha ha lol ok okay alright fine appreciated appreciate gotcha sick interesting fab cya
    fantastic excellent ciao laters yo sup understood yay oh helpful yes yeah no nope yep hmm neat
    """
)
_SOCIAL = _STRONG_SOCIAL | words(
    """
    you i am are so much very a an the it is is for your help that this me my mate there again now all see
    tomorrow later soon makes make sense one to be and well done job work got how today doing do going been
    have day weekend lot bunch really just tutor friend bro dude pal man everyone genius star love new
    feeling things what up too really pretty quite worry problem super helped solved sorted clears cleared
    understand like were genuinely thought time weekend lovely tonight had enough off then right kind of
    clever smart best that's clear useful load loads away back
    anyway anyways hope bad my worked good-bye point it was looks look pretty talk speak catch take care
    """
)
_META = re.compile(
    r"""^(?:help|menu|command|option|stop|cancel|abort|reset|restart|undo|setting|about)
    (?:\ (?:me|it|that|please|now|page|the\ run))*$
    |\bwhat\ (?:can|could|do|are|else\ can)\ (?:you|this\ \w+|i(?=\ (?:do|run|try|ask))|we)(?:\ (?:able\ to
        |actually|all))?(?:\ (?:do|run|ask|try|help|here|offer|for|know|able|capable|there
            |good\ at)(?:\ (?:me|you|with|here|in|about|for|on|exactly|then|at|this|page|tutor|app|site|mate|to|best|all
                |now))*)?$
    |\b(?:what|which|how\ many|list|any|all\ the|see\ the|show\ me\ (?:the|all
        |your))\b(?:\ \w+){0,4}\ (?:lab|experiment|simulation|demo)\b(?!\ result)(?:.*\b(?:there|have
            |available|offer|can\ i|do\ you|run|exist|got|you|belong|go\ with|use|need|cover)\b|$)
    |\b(?:what|which)\ (?:lecture|topic|course)s?\ (?:do\ you|are\ there|can\ you|have\ you|are\ available)\b
    |\b(?:do\ you\ have|have\ you\ got|is\ there|you\ got)\ (?:anything|something|one)\b.*
        \b(?:run|try|play|experiment|lab)\b
    |\b(?:everything|anything|list\ (?:what|all))\ (?:that\ )?(?:i|we|you)\ can\ (?:run|try|do)\b
    |\b(?:lab|experiment)\ list\b|\blist\ of\ (?:\w+\ )?(?:lab|experiment)\b
    |\b(?:list|show\ me)\ (?:\w+\ ){0,2}(?:lecture|model|lab|tool|command)$|\bwhat\ command
    |\b(?:is\ there|do\ you\ have|have\ you\ got|are\ there|got)\ (?:a|any|an|some|other
        |more)?\ ?(?:\w+\ ){0,3}(?:lab|experiment|simulation|demo)\b
    |\bwhat\ (?:can|could|may)\ (?:i|we|you)\ (?:change|set|adjust|tweak|vary|alter|choose)\b
        (?:\ \w+){0,4}\ (?:lab|experiment)$
    |\bwhat\ (?:can|could)\ (?:you|i|we)\ (?:run|do|try|offer)\ (?:for|on|about|in)\ (?:lecture|week)\b
    |\bwhat\ (?:parameter|setting|option|knob|value)\b.*\b(?:lab|have|can\ i|there|change|take|set)\b
    |\b(?:change|switch|swap|pick|choose|select|load|install|download|use\ a\ different|which
        |what)\ (?:the\ |a\ |to\ a\ |another\ |your\ |language\ |chat\ |different\ )*(?:model|llm)\ ?(?:$
            |are\ you|do\ you|is\ this|am\ i|you|run(?:ning)?\ (?:on|you)|behind|powers|does\ this|in\ use)
    |^(?!.*\b(?:put|past|paste|share|commit|write|upload|safe|call|python|code|request)\b).*\b(?:api\ key|openai)\b
    |\b(?:dark\ mode|log\ (?:in|out)(?=$|\ (?:to|with|of|again|here|first|please)\b)|sign\ up|account
        |(?:my|your|the)\ privacy|privacy\ (?:policy|setting)|subscription|work\ offline
        |need\ (?:the\ )?internet|command\ line)\b
    |\b(?:chat|conversation|history|data|progress|message)\b.*\b(?:saved|stored|deleted|delete|kept|private
        |safe|wiped|clear(?:ed)?)\b
    |\b(?:delete|clear|export|download|save|upload|share|print|wipe|add)\ (?:my|the|this|our|a)\ (?:own\ 
        |last\ )?(?:chat|conversation|history|plot|figure|result|note|file|notebook|pdf|picture|run|lecture
            |document|graph|account|data)\b
    |\bhow\ (?:do|can|should|would)\ (?:i|we|you)\ (?:use|start\ (?:with|over)|work
        |get\ started|install|update(?!\ an?\b)
        |upload|save|download|export|stop|cancel|log|run\ a\ (?:lab|experiment)|start\ a\ (?:lab
            |experiment)|add\ (?:my|a)|reset)\b(?!\ (?:a\ )?(?:gradient|cross|regular))(?:\ (?:this|you|it
                |the\ (?:tutor|app|page|site|lab|tool|thing|chat|model|plot|figure|result|run|program)|my|a
                    |an)\b|$)
    |\b(?:can|could|may|how\ (?:do|can))\ (?:i|we)\ (?:upload|add|load|import|bring|use)
        \ (?:\w+\ ){0,3}(?:csv|file|spreadsheet|excel)\b
    |\bhow\ does\ (?:this|the)\ (?:app|tutor|site|page|tool|thing|program|website|chat|bot)?\ ?work$
    |\b(?:who|what)\ (?:are\ you|made\ you|built\ you|created\ you|wrote\ you|is\ your\ name|made\ this
        |built\ this|is\ this\ (?:app|tutor|site|thing|page|tool))\b
    |\bare\ you\ (?:a|an|chatgpt|chat\ gpt|gpt|claude|ai|real|human|llm|open|free|connected|online|using
        |running)\b
    |\b(?:do|can)\ you\ (?:remember|store|speak|have\ (?:a|an|access|memory)|cost
    |work\ (?:on|without|offline)|save)\b""",
    re.VERBOSE,
)
_OFF = re.compile(
    r"\b(?:write|tell|compose|make|sing|give|recite|read)\b.*\b(?:poem|haiku|limerick|joke|song|rap|story"
    r"|essay|sonnet)\b"
)
_OFF_UNLESS_NAMED = re.compile(
    r"\b(?:poem|poetry|haiku|limerick|joke|song|lyric|riddle|rap|story|bedtime)\b|ignore (?:all |your "
    r"|my |the |any |previous |every )+(?:instruction|rule|prompt)"
    r"|system prompt|\b(?:should i|shall i|is it worth|worth|best) (?:buy|buying|sell|selling|invest"
    r"|investing)\b|which (?:stock|share) (?:should|to)\b"
    r"|\b(?:my|do|finish|write) (?:\w+ )?(?:essay|homework|dissertation|cv|cover letter)\b|jailbreak"
    r"|\byour? (?:favourite|fave)\b"
    r"|^what time (?:is|does|do|will)\b|^(?:and )?do you (?:like|love|hate|eat|drink|sleep|dream|live)\b|\btrain me\b"
    r"|\b(?:good|bad|safe) investment\b|\bmeaning of life\b|\bcapital of\b"
    r"|^(?:what is |calculate |work out )?<number> (?:of|plus|minus|time|x|divided by) <number>$|\b(?:buy"
    r"|sell) (?:me |my |some )?(?:\w+ )?(?:share|stock|bitcoin)"
)
_FAVOUR = words(
    """
    write book order tell recommend translate cook sing buy sell send remind call email draw paint design
    fix pay hack open close schedule find turn pass bring wake order rewrite proofread invent
    """
)


@dataclass(frozen=True)
class Clause:
    """One clause: where it lies in the tokens, its words, and what it does."""

    start: int
    end: int
    text: str
    act: Act
    verb: str


def plain(tokens: Sequence[Token]) -> str:
    """The words as one line, numbers as `<number>` and without marks."""
    return " ".join(token.text for token in tokens if token.kind != "mark")


def clauses_of(tokens: Sequence[Token]) -> list[Clause]:
    """The message cut where a new act can begin."""
    cuts = [0]
    supposing = bool(tokens) and tokens[0].text in ("if", "when", "how", "should", "why", "while")
    for at, token in enumerate(tokens):
        nxt = tokens[at + 1].text if at + 1 < len(tokens) else ""
        later = tokens[at + 2].text if at + 2 < len(tokens) else ""
        if (token.kind == "mark" and token.text in ".?!;\n") or (
            token.text == ":" and not nxt.isdigit() and nxt not in ("<number>", "[")
        ):
            cuts.append(at + 1)
        elif (
            token.text in (",", "and", "but")
            and nxt in RUN
            and later in ("it", "that", "this", "them", "both")
        ):
            cuts.append(at + 1)  # "how does it do on moons, run that"
        elif token.text == "," and nxt == "show" and later in ("me", "us", "both", "them"):
            cuts.append(at + 1)
        elif token.text in (",", "and", "but") and not supposing:
            if (
                nxt in RUN
                or nxt in ("then", "please", "try", "what", "why", "how", "explain")
                or (
                    nxt in ("can", "could", "let", "would", "just", "now", "so", "i", "do", "is", "also")
                    and token.text != "and"
                    and later not in ("<number>",)
                )
                or (nxt in ("can", "could") and later in ("you", "we"))
            ):
                cuts.append(at + 1)
        elif token.text == "then" and (nxt in RUN or nxt in CHANGE) and at:
            cuts.append(at + 1)
    cuts.append(len(tokens))
    found = []
    for start, end in pairwise(cuts):
        text = plain(tokens[start:end])
        if text:
            act, verb = _act(text, tokens[end - 1].text == "?")
            found.append(Clause(start, end, text, act, verb))
    return found


def _act(text: str, asked: bool) -> tuple[Act, str]:
    if re.match(r"(?:and|but|ok|so) (?:what )?if\b", text) or _SUPPOSE.search(
        _without(text, ("and", "ok", "so", "now", "but", "hmm"))
    ):
        return "suppose", ""
    if owns_up(text):
        return "choose", ""
    if apologises(text):
        return "fragment", ""
    text = without_courtesies(text)
    stripped, before = text, None
    while stripped != before:
        before = stripped
        first = stripped.split(" ", 1)[0]
        if before is text and _REPORT.match(stripped):
            return "report", ""
        if _QUESTION.match(stripped) and not _OPENING.match(stripped) and not stripped.startswith("show "):
            return "question", first
        stripped = _OPENING.sub("", stripped, count=1)
    if not stripped:
        return "fragment", ""
    if re.match(r"^(?:show (?:me |us )?|see |find out |watch )(?:what|how|that)\b", stripped):
        return "watch", "show"
    if _QUESTION.match(stripped):
        return "question", stripped.split(" ", 1)[0]
    first = stripped.split(" ", 1)[0]
    if first in ("train", "training", "running", "simulating", "fitting", "test") and re.match(
        r"(?:train|test) (?:test|set|error|loss|accuracy|and|data|split|curve|score|versus|time)\b"
        r"|\w+ing (?!(?:an?|the|it|this|that)\b)",
        stripped,
    ):
        return (
            "question" if re.search(r"\b(?:why|how|what|mean|explained)\b", stripped) else "fragment"
        ), first
    if (
        asked
        and first in ("do", "have")
        and not re.match(r"\w+ (?:an?|the|some|it|that|this|<number>|again|one)\b", stripped)
    ):
        return "question", first  # "do more epochs help?"
    if first == "do" and re.match(
        r"do (?:\w+ ){1,4}(?:need|have|use|work|learn|help|make|get|matter|mean|give|go|always|really|still|all|both"
        r"|ever|also|not|count|change|store|see|look|know|overfit|converge|train|depend|affect|suffer|forget|beat"
        r"|require|share|care|explore|tend|hurt|want|differ|predict|remember)\b",
        stripped,
    ):
        return "question", first  # "do transformers need recurrent layers"
    if re.match(
        r"(?:spin|fire|whip|boot|set|knock|kick|power|cook|start) (?:\w+ )?(?:up|off)\b"
        r"(?! (?:my|the (?:app|tutor|page)))",
        stripped,
    ):
        return "run", first
    if re.match(
        r"run (?:time|length|to|out|away|off|into|along)\b|train (?:timetable|station|ticket|fare|line|journey)\b",
        stripped,
    ):
        return "fragment", first  # nothing that is asked for: "run time of the dqn", "train timetable"
    if first in RUN:
        return "run", first
    if first in CHANGE:
        return "change", first
    if first in _FAVOUR:
        return "favour", first
    if re.match(r"^(?:can (?:a|an|the|it|this)|(?:can|could|should) (?:i|we) (?!go|just|also))\b", text):
        return "question", "can"
    return "fragment", ""


def opened(text: str) -> str:
    """A message without what is said before it comes to the point: "i would like ucb" -> "ucb"."""
    before = None
    while text != before:
        before, text = text, _OPENING.sub("", text, count=1)
    return text


def _without(text: str, words: tuple[str, ...]) -> str:
    parts = text.split(" ")
    while len(parts) > 1 and parts[0] in words:
        parts.pop(0)
    return " ".join(parts)


def forbids_a_run(text: str) -> bool:
    return _NO_RUN.search(text) is not None


def is_tag_question(tokens: Sequence[Token], text: str) -> bool:
    """ "so epsilon is the chance of exploring, right?" """
    return bool(tokens) and tokens[-1].text == "?" and len(text.split()) > 3 and _TAG.search(text) is not None


def wants_a_quiz(text: str) -> bool:
    return _QUIZ.search(text) is not None and _NOT_QUIZ.search(text) is None


def is_smalltalk(tokens: Sequence[Token]) -> bool:
    words = [token.text for token in tokens if token.kind == "word"]
    counted = (t for t in tokens if t.kind == "number" and not t.vague)
    if (
        any(token.raw.lower() not in ("a million", "million") for token in counted)
        or not 0 < len(words) <= 12
    ):
        return False
    if words[:3] in (
        ["how", "are", "you"],
        ["what", "is", "up"],
        ["see", "you", "later"],
        ["nice", "to", "meet"],
        ["i", "am", "back"],
    ):
        return True
    if words[:2] == ["see", "you"] and len(words) < 5:
        return True
    if words[0] in ("what", "why", "how", "which", "do", "did", "is", "can", "again"):
        return False
    social = [word for word in words if word in _STRONG_SOCIAL]
    return all(word in _SOCIAL for word in words) and (
        bool(social) or {"makes", "sense"} <= set(words) or "you" in words
    )


def is_meta(text: str) -> bool:
    return _META.search(text) is not None


def is_off(text: str, named: bool) -> bool:
    """Whether the message wants something that no tutor does; `named` where a lab is named in it as well."""
    return _OFF.search(text) is not None or (not named and _OFF_UNLESS_NAMED.search(text) is not None)


def elsewhere(tokens: Sequence[Token]) -> int:
    """How many words speak of something that is not the subject."""
    return sum(token.text in ELSEWHERE or token.raw.lower() in ELSEWHERE for token in tokens)


def subject(tokens: Sequence[Token]) -> int:
    """How many words speak of the subject and of nothing else."""
    return sum(
        token.text in SUBJECT and token.text not in ELSEWHERE for token in tokens if token.kind == "word"
    )
