"""What is known of a refactoring after some of its events."""

from parley_agent.refactor.events import ConsentAsked, ConsentGiven, ConsentNotGiven, RefactoringApplied
from parley_agent.refactor.replay import replayed

QUESTION = ConsentAsked(result="sha256:a", shown="sha256:b")


def test_a_question_is_waited_for_until_what_follows_it():
    """The answer alone changes nothing of what is shown; applying does."""
    answers = (ConsentGiven(result="sha256:a", by="answer"), ConsentNotGiven(result="sha256:a", because="declined"))
    assert {replayed((QUESTION, each)).status for each in answers} == {"waiting for a yes"}
    assert replayed((QUESTION, answers[0], RefactoringApplied(by="editor"))).status == "applied"
