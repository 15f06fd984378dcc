"""Quizzes whose keys code owns: questions computed by the labs' cores, and questions written beside each lecture.

question.py    what a question is, and how an answer is graded
generators/    questions with numbers of their own, one module a subject; the labs' cores compute the key
authored.py    the questions of `quiz.yaml` beside each lecture
choose.py      which questions come next, for a lecture, a session and what is due
"""
