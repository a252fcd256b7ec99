"""Trees made anew, whatever was parsed before."""

from parley_agent.syntax.reading import parsing_like


def parsed(text, language, like=None):
    """The tree of `text`, made from `like` or from nothing, and remembered by nobody."""
    steps = parsing_like(text, language, like)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value


def nodes(tree):
    """Every node: its kind, where it is, and what it is in its parent."""
    found, pending = [], [tree.root]
    while pending:
        node = pending.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.is_missing))
        pending += node.children
    return found
