"""What LaTeX lectures hold besides sections and formulas: macros of their own, boxes, notes, references, units."""

import pytest

from knowledge.documents import read_document


def blocks(body, preamble=""):
    source = f"{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}"
    return [
        (section.heading, block.text)
        for section in read_document("a.tex", source.encode()).sections
        for block in section.blocks
    ]


def texts(body, preamble=""):
    return [text for _, text in blocks(body, preamble)]


@pytest.mark.parametrize(
    ("definition", "source", "latex"),
    [
        (r"\newcommand{\norm}[1]{\lVert #1\rVert}", r"\norm{x}^2", r"{\lVert x\rVert}^2"),
        (r"\newcommand\bx{\mathbf{x}}", r"\frac{1}\bx", r"\frac{1}{\mathbf{x}}"),
        (
            r"\newcommand{\pd}[2][t]{\frac{\partial #2}{\partial #1}}",
            r"\pd{f}",
            r"{\frac{\partial f}{\partial t}}",
        ),
        (r"\newcommand{\pd}[2][t]{\partial_#1 #2}", r"\pd[x]{f}", r"{\partial_x f}"),
        (r"\def\dist#1#2{d(#1,#2)}", r"\dist{x}y", "{d(x,y)}"),
        (r"\newcommand{\x}{\mathbf{x}}\newcommand{\nx}{\hat\x}", r"\nx", r"{\hat{\mathbf{x}}}"),
        (r"\newcommand{\by}[1]{\cdot#1}", r"a\by{b}", r"a{\cdot b}"),
        (r"\DeclarePairedDelimiter{\ceil}{\lceil}{\rceil}", r"\ceil*{x}", r"{\lceil x\rceil }"),
        (r"\DeclareMathOperator*{\amin}{arg\,min}", r"\amin_w", r"\operatorname*{arg\,min}_w"),
        (r"\DeclareMathOperator{\Var}{Var}", r"\Var x", r"\operatorname{Var} x"),
        ("", r"\norm{x}+\nicefrac{1}{2}", r"{\lVert x\rVert}+{{1}/{2}}"),
        (r"\newcommand{\R}{\ensuremath{\mathbb{R}}}", r"x\in\R", r"x\in{{\mathbb{R}}}"),
        ("", r"9.81\,\si{\metre\per\second\squared}", r"9.81\,\mathrm{m/s^2}"),
        ("", r"t=\SI{3}{\milli\second}", r"t=3\,\mathrm{ms}"),
    ],
)
def test_macros_of_the_file_are_written_out_in_formulas(definition, source, latex):
    assert texts(f"${source}$", definition) == [f"${latex}$"]


@pytest.mark.parametrize(
    ("definition", "source", "words"),
    [
        (r"\newcommand{\sgd}{gradient descent\xspace}", r"\sgd, as \sgd", "gradient descent, as gradient descent"),
        (r"\newcommand{\sgd}{descent}", r"\vspace{1cm}\sgd{} is fast", "descent is fast"),
        (r"\newcommand{\term}[1]{\emph{#1}\index{#1}}", r"A \term{loss} is low.", "A *loss* is low."),
        (r"\newcommand{\todo}[1]{}", r"Done. \todo{Write it}", "Done."),
        (r"\renewcommand{\emph}[1]{X}", r"\emph{word}", "*word*"),
        (r"\newcommand{\R}{\ensuremath{\mathbb{R}}}", r"In \R it is.", r"In $\mathbb{R}$ it is."),
    ],
)  # fmt: skip
def test_macros_of_the_file_are_written_out_in_the_text(definition, source, words):
    assert texts(source, definition) == [words]


def test_a_macro_may_open_and_close_a_formula():
    own = r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}}"
    assert texts(r"So \be a=b \ee holds.", own) == ["So", "$$\na=b\n$$", "holds."]


def test_definitions_in_a_part_without_a_preamble_are_no_text():
    source = rb"\newcommand{\norm}[1]{\lVert #1\rVert} \def\x{y} Text."
    assert read_document("a.tex", source).sections[0].text == "Text."


def test_a_macro_that_would_grow_without_end_stays():
    own = "".join(
        rf"\newcommand{{\m{name}}}{{" + rf"\m{inner} " * 60 + "}"
        for name, inner in zip("abcd", "bcde", strict=True)
    )
    told = texts(r"Start \ma end.", own + r"\newcommand{\me}{boom}")
    assert len("".join(told)) < 500_000


def test_a_solution_is_told_apart_from_its_question():
    body = r"""\begin{questions}\question[5] Define a loss.
\begin{parts}\part[2] In words. \part As a formula.\end{parts}
\begin{solution}[2in] It measures error. \end{solution} \question Next.\end{questions}"""
    assert texts(body) == [
        "Define a loss.\n- In words.\n- As a formula.",
        "**Solution:** It measures error.",
        "Next.",
    ]


def test_notes_for_the_speaker_are_marked_and_stay_with_their_slide():
    body = r"""\begin{frame}{One} Seen. \note{Heard.} \end{frame}
\begin{frame}{Two} Seen too.\end{frame}
\note<1>[item]{Heard $x$ later.}

After."""
    assert blocks(body) == [
        (("One",), "Seen."),
        (("One",), "Speaker notes: Heard."),
        (("Two",), "Seen too."),
        (("Two",), "Speaker notes: Heard $x$ later."),
        ((), "After."),
    ]


def test_the_titles_of_boxes_and_statements_are_kept():
    own = r"\newtcolorbox{key}[1]{colback=red, title=#1}\newtheorem{thm}{Satz}[section]"
    body = r"""Text. \begin{tcolorbox}[colback=red, title={Key idea, in short}] Small steps. \end{tcolorbox}
\begin{key}{Remember} Two. \end{key} \begin{thm}[Mercer] Three. \end{thm} \begin{block}{Four} Five. \end{block} Six."""
    assert texts(body, own) == [
        "Text.",
        "**Key idea, in short** Small steps.",
        "**Remember** Two.",
        "**Satz (Mercer).** Three.",
        "**Four** Five.",
        "Six.",
    ]


def test_text_behind_a_list_is_no_part_of_its_last_item():
    body = (
        r"\begin{itemize}\item one \begin{enumerate}\item two\end{enumerate} \item three\end{itemize} Text."
    )
    assert texts(body) == ["- one\n- two\n- three", "Text."]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"See~\cite{sutton} now.", "See [sutton] now."),
        (r"See \citep[p.~3]{sutton, barto}.", "See [sutton, barto, p. 3]."),
        (r"In Section~\ref{sec:a} we saw.", "In Section “Descent” we saw."),
        (r"See \cref{sec:a}.", "See Section “Descent”."),
        (r"As Figure~\ref{fig:a} shows", "As Figure “Loss falls” shows"),
        (r"Abb.~\ref{fig:a} zeigt", "Abb. “Loss falls” zeigt"),
        (r"by Eq.~\eqref{eq:a}, (\ref{eq:a}) and \eqref{eq:b}.", "by the equation, the equation and the equation."),
        (r"Equation~\ref{eq:a} says", "The equation says"),
        (r"see \cref{fig:none} (Table~\ref{none}).", "see the figure (the table)."),
        (r"Abbildung~\ref{none} zeigt", "Abbildung [none] zeigt"),
        (r"told before (\ref{fig:a}), see Chapter~\ref{ch:b}.", "told before (“Loss falls”), see another chapter."),
        (r"as Theorem~\ref{item:a} on page~\pageref{item:a}, says", "as the theorem, says"),
    ],
)  # fmt: skip
def test_references_are_put_into_words(source, words):
    figure = r"\begin{figure}\caption{Loss falls.}\label{fig:a}\end{figure}"
    body = rf"\section{{Descent}}\label{{sec:a}} {source} \begin{{equation}}\label{{eq:a}} a \end{{equation}} {figure}"
    assert texts(body)[0] == words


def test_quantities_of_siunitx_keep_their_units():
    source = r"\SI{3}{\metre}, \qty{5}{\kilo\byte}, \SI{20}{\percent}, \num{1e-3}, \ang{30}, \si{\hertz}, \SI{2}{m/s}."
    assert texts(source) == ["3 m, 5 kB, 20 %, 1e-3, 30°, Hz, 2 m/s."]


def test_a_listing_in_a_file_of_its_own_is_named():
    assert texts(r"See \lstinputlisting[language=Python]{my_code.py}") == ["See", "[Listing: my_code.py]"]


def test_merged_cells_and_columns_with_a_width_make_a_whole_table():
    body = r"""\begin{tabularx}{\textwidth}{lXX}
& \multicolumn{2}{@{}c@{}}{Error} \\ \hline
\multirow{2}{*}{NB} & 0.1 & $|x|$ \\ & 3 & 4 \\ \multicolumn{3}{c}{All} \end{tabularx}"""
    assert texts(body) == [
        "|  | Error | Error |\n| --- | --- | --- |\n| NB | 0.1 | $\\vert x\\vert $ |\n|  | 3 | 4 |\n| All |  |  |"
    ]


def test_boxes_listings_and_anchors_as_pandoc_writes_them_are_read():
    body = r"""\hypertarget{sec-a}{\section{Tasks}\label{sec-a}}
Costs \$.
\begin{tcolorbox}[opacitybacktitle=0.6, title=\textcolor{tip}{\faLightbulb}\hspace{0.5em}{A \texttt{tip}}, left=2mm]
Mind it.\end{tcolorbox}
\begin{Highlighting}[]
\NormalTok{x}\SpecialCharTok{$}\NormalTok{a\_b }\OtherTok{\textless{}{-}} \FunctionTok{f}\NormalTok{(1)}
\end{Highlighting}
"""
    assert texts(body) == ["Costs $.", "**A `tip`** Mind it.", "x$a_b <- f(1)"]


def test_two_dollar_signs_in_different_paragraphs_are_no_formula():
    assert texts("It is 5$ here.\n\nIt is \\textbf{6}$ there.") == ["It is 5$ here.", "It is **6**$ there."]
