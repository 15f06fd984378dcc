from knowledge.documents import read_document

RST = """
=======
Bandits
=======

.. _start:

Exploring
---------

With :math:`\\epsilon` we *explore*; see :ref:`the list <start>` and ``argmax``.

.. code-block:: python
   :linenos:

   def pick(q):
       return q.argmax()

.. math::

   Q \\leftarrow Q + \\alpha (r - Q)

.. note:: Decay it.

   Later there is less to learn.

.. figure:: curve.png
   :alt: reward over time

   The curve rises.

An example::

    x = 1

Decay
.....

- early
- late
"""


def test_rst_headings_directives_and_roles():
    document = read_document("a.rst", RST.encode())
    assert document.title == "Bandits"
    assert [section.heading for section in document.sections] == [("Exploring",), ("Exploring", "Decay")]
    blocks = [(block.kind, block.text) for block in document.sections[0].blocks]
    assert blocks == [
        ("prose", "With $\\epsilon$ we *explore*; see the list and `argmax`."),
        ("code", "def pick(q):\n    return q.argmax()"),
        ("maths", "$$\nQ \\leftarrow Q + \\alpha (r - Q)\n$$"),
        ("prose", "**Decay it.**"),
        ("prose", "Later there is less to learn."),
        ("prose", "[Picture: reward over time: The curve rises.]"),
        ("prose", "An example:"),
        ("code", "x = 1"),
    ]


TEX = r"""
\documentclass{article}
\usepackage{amsmath}
\newcommand{\E}{\mathbb{E}}
\title{Bandits \& friends}
\begin{document}
\maketitle
\section{Exploring} % a remark that nobody sees
With probability~$\epsilon$ the agent \textbf{explores}, as in \cite{sutton}; 5\% is usual.
It costs \emph{something}\footnote{not much}.
\begin{equation}
  q_*(a) = \E[R_t \mid A_t = a] \label{eq:q}
\end{equation}
\begin{itemize}
  \item early it helps
  \item[late] it hurts
\end{itemize}
\begin{align*}
  a &= b \\ c &= d
\end{align*}
\subsection*{In code}
\begin{lstlisting}[language=Python]
def pick(q):  # 100% greedy
    return q.argmax()
\end{lstlisting}
\begin{figure}\includegraphics{x.png}\caption{Reward rises.}\end{figure}
\begin{tabular}{l|r} method & reward \\ \hline greedy & $1.0$ \\ \end{tabular}
\begin{frame}{A slide}
Caf\'e na\"ive -- done.
\end{frame}
\end{document}
"""


def test_tex_sections_formulas_and_commands():
    document = read_document("a.tex", TEX.encode())
    assert document.title == "Bandits & friends"
    found = {
        section.heading: [(block.kind, block.text) for block in section.blocks]
        for section in document.sections
    }
    assert found[("Exploring",)] == [
        (
            "prose",
            "With probability $\\epsilon$ the agent **explores**, as in [sutton]; 5% is usual. "
            "It costs *something* (not much).",
        ),
        ("maths", "$$\nq_*(a) = {\\mathbb{E}}[R_t \\mid A_t = a]\n$$"),
        ("prose", "- early it helps\n- **late** it hurts"),
        ("maths", "$$\n\\begin{aligned}\na &= b \\\\ c &= d\n\\end{aligned}\n$$"),
    ]
    assert found[("Exploring", "In code")] == [
        ("code", "def pick(q):  # 100% greedy\n    return q.argmax()"),
        ("prose", "[Picture: Reward rises.]"),
        ("table", "| method | reward |\n| --- | --- |\n| greedy | $1.0$ |"),
    ]
    assert found[("Exploring", "In code", "A slide")] == [("prose", "Café naïve – done.")]


def test_tex_that_never_closes_its_braces_is_read_to_the_end():
    document = read_document("a.tex", rb"\section{Open \textbf{and never closed" + b"\n\nThe text goes on. {")
    assert "The text goes on." in document.sections[-1].text
