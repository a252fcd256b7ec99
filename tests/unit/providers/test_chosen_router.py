"""The person's choice of a model for a session goes before the router, and can be taken back."""

import pytest

from parley_providers.chosen_router import ChosenRouter
from parley_providers.requests import LLMRequest
from parley_providers.route import asked_for


class Echo:
    """Routes to the model that a request names, else to one of its own."""

    async def routes(self, request):
        return (asked_for("here", request.model or "usual"),)


@pytest.mark.parametrize(
    ("choices", "renames", "explains"),
    [
        ((), "usual", "usual"),
        ((("a", None),), "a", "a"),
        ((("a", "rename"),), "a", "usual"),
        ((("a", "rename"), ("b", None)), "a", "b"),
        ((("a", "rename"), ("b", None), (None, "rename")), "b", "b"),
        ((("a", "rename"), ("b", None), (None, None)), "usual", "usual"),
        (((None, "rename"),), "usual", "usual"),
    ],
)
async def test_a_choice_serves_what_names_no_model(choices, renames, explains):
    """Of its task class, or of all others; a request that names one is left alone."""
    router = ChosenRouter(Echo())
    for model, task_class in choices:
        router.choose(model, task_class)

    async def routed(task_class, model=None):
        (route,) = await router.routes(LLMRequest(messages=(), task_class=task_class, model=model))
        return route.model

    assert (await routed("rename"), await routed("explain")) == (renames, explains)
    assert await routed("rename", "named") == "named"
