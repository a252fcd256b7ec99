"""The router of a session in which the person switched models: what they chose goes before what would be routed.

How a request that names a model is routed belongs to the router behind this one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley_providers.requests import LLMRequest
    from parley_providers.route import Route, Router


class ChosenRouter:
    """Routes a request that names no model to the one that was chosen: for its task class, else for all.

    Args:
        router: Decides whatever was not chosen.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._chosen: dict[str | None, str] = {}

    def choose(self, model: str | None, task_class: str | None = None) -> None:
        """Let `model` serve the requests of a task class, or of all that have none of their own.

        None takes a choice back; without a task class, every choice.
        """
        if model is not None:
            self._chosen[task_class] = model
        elif task_class is None:
            self._chosen.clear()
        else:
            self._chosen.pop(task_class, None)

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """See `Router`."""
        chosen = self._chosen.get(request.task_class, self._chosen.get(None))
        if request.model is None and chosen is not None:
            request = replace(request, model=chosen)
        return await self._router.routes(request)
