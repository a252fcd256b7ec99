"""What is assigned before each step of a function, and what is needed from there on: two classic flow analyses.

After Aho, Lam, Sethi, Ullman, "Compilers", 9.2: reaching definitions, as "must" and as "may", and live variables.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Step:
    """One step: it reads `uses`, then assigns `surely` (always), `maybe` (at times), and unbinds `removes`.

    `following` are the steps that may come next, `on_error` those that come if it raises.
    """

    uses: set[str] = field(default_factory=set)
    surely: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    removes: set[str] = field(default_factory=set)
    following: set[int] = field(default_factory=set)
    on_error: set[int] = field(default_factory=set)


def assigned_before(
    steps: list[Step], entry: int, names: frozenset[str]
) -> tuple[tuple[frozenset[str], ...], tuple[frozenset[str], ...]]:
    """The names surely, and those perhaps, assigned before each step, if `names` are at `entry`."""
    surely: dict[int, frozenset[str]] = {entry: names}
    maybe: dict[int, frozenset[str]] = {entry: names}
    pending = [entry]
    while pending:
        index = pending.pop()
        step = steps[index]
        sure_after = (surely[index] - step.removes) | step.surely
        maybe_after = maybe[index] | step.surely | step.maybe
        for following in step.following | step.on_error:
            failed = following in step.on_error
            sure = (surely[index] & sure_after) if failed else sure_after
            met = surely.get(following, sure) & sure
            joined = maybe.get(following, frozenset()) | maybe_after
            if following not in surely or met != surely[following] or joined != maybe[following]:
                surely[following], maybe[following] = met, joined
                pending.append(following)
    count = range(len(steps))
    return tuple(surely.get(i, names) for i in count), tuple(maybe.get(i, names) for i in count)


def needed_before(
    steps: tuple[Step, ...] | list[Step], part: range, after: frozenset[str]
) -> dict[int, frozenset[str]]:
    """The names that may be read before they are assigned, from each step of `part` on; outside of it, `after`."""
    needed: dict[int, frozenset[str]] = dict.fromkeys(part, frozenset())
    changed = True
    while changed:
        changed = False
        for index in reversed(part):
            step = steps[index]
            onward = frozenset[str]().union(*(needed.get(each, after) for each in step.following))
            failing = frozenset[str]().union(*(needed.get(each, frozenset()) for each in step.on_error))
            before = (onward - step.surely - step.removes) | failing | step.uses
            if before != needed[index]:
                needed[index] = before
                changed = True
    return needed
