"""How the tutor teaches, apart from any turn: modes, exercises with their rungs, predictions, the shape of an answer.

Nothing here yields events or knows a page; `tutor/turns/` and `tutor/web/` ask it.
"""
