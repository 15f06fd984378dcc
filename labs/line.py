"""Who comes next where there are more that want something than can have it at once: lab workers, a language model.

First come, first served between those who wait for one thing each. Whoever waits for several takes turns with the
others, and comes behind those who have nothing at work yet: a hundred runs of one student delay each other student
by one run and not by a hundred.
"""

from __future__ import annotations

import collections
from typing import Generic, TypeVar

T = TypeVar("T")


class FairLine(Generic[T]):
    """Things that wait, by owner. Not safe to share between threads: whoever holds one has a lock anyway."""

    def __init__(self) -> None:
        # In the order in which the owners are served; one who was served goes to the end.
        self._waiting: collections.OrderedDict[str, collections.deque[T]] = collections.OrderedDict()
        self._at_work: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def at_work(self) -> int:
        """How many have been taken and are not done."""
        return self._at_work.total()

    def join(self, item: T, owner: str) -> None:
        """Wait at the end of what the owner waits for already."""
        self._waiting.setdefault(owner, collections.deque()).append(item)

    def take(self) -> tuple[T, str]:
        """The next one and its owner, from now on at work. Raises IndexError where nothing waits."""
        if not self._waiting:
            raise IndexError("nothing waits")
        owner = min(self._waiting, key=self._at_work.__getitem__)  # the first of those with the least at work
        mine = self._waiting[owner]
        item = mine.popleft()
        if mine:
            self._waiting.move_to_end(owner)
        else:
            del self._waiting[owner]
        self._at_work[owner] += 1
        return item, owner

    def done(self, owner: str) -> None:
        """Something of this owner's is at work no longer; what else the owner waits for comes behind the others'."""
        if owner in self._waiting:
            self._waiting.move_to_end(owner)
        self._at_work[owner] -= 1
        if not self._at_work[owner]:
            del self._at_work[owner]

    def leave(self, item: T) -> bool:
        """Take out what waits; False where it waits no longer."""
        for owner, mine in self._waiting.items():
            if item in mine:
                mine.remove(item)
                if not mine:
                    del self._waiting[owner]
                return True
        return False

    def clear(self) -> list[T]:
        """Send everybody home; gives what waited, in order."""
        left = self.in_order()
        self._waiting.clear()
        return left

    def in_order(self) -> list[T]:
        """What waits, the next one first, as it would be taken if nothing that is at work ended before."""
        rest: FairLine[T] = FairLine()
        rest._waiting = collections.OrderedDict((o, mine.copy()) for o, mine in self._waiting.items())
        rest._at_work = self._at_work.copy()
        return [rest.take()[0] for _ in range(len(self))]


def place_words(place: int, what: str) -> str:
    """`place` is 1 for whoever comes next."""
    return f"you are number {place} in the queue for {what}"
