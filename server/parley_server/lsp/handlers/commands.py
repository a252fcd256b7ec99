"""Parley's commands, by `workspace/executeCommand`, and the request to send again what an editor missed."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from parley_agent.refactor.tasks import TASKS, TaskClass
from parley_providers.errors import ProviderError
from parley_server.lsp import from_lsp, to_wire, wire
from parley_server.lsp.progress import Progress
from parley_server.lsp.running_request import RunningRequest, Wish
from parley_server.lsp.shapes import Json, ShapeError, read, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_agent.document import Document
    from parley_server.lsp.server import ParleyServer

CONTENT_MODIFIED = -32801
REQUEST_FAILED = -32803


def register(server: ParleyServer) -> None:
    """Register this family."""

    async def execute(params: types.ExecuteCommandParams) -> Json:
        given = params.arguments
        match params.command:
            case wire.Command.REFACTOR:
                return await _refactor(server, given, params.work_done_token)
            case wire.Command.EXPLAIN:
                return await _explain(server, given, params.work_done_token)
            case wire.Command.APPLY:
                return await _apply(server, given, params.work_done_token)
            case wire.Command.CANCEL:
                return _cancel(server, given)
            case wire.Command.MODELS:
                return await _models(server, given)
            case wire.Command.PROFILE:
                return await _profile(server, given)
            case unknown:
                known = ", ".join(wire.Command)
                raise JsonRpcInvalidParams(f"There is no command {unknown!r}; Parley has {known}.")

    def resend(params: Json) -> Json:
        wanted = read(wire.ResendParams, params, "the parameters of parley/resend")
        running = server.running.get(wanted.id)
        if running is None:
            raise ShapeError(f"There is no request {wanted.id!r}, or it is forgotten.")
        return write(wire.ResendResult(notifications=running.feed.since(wanted.since)))

    server.feature(types.WORKSPACE_EXECUTE_COMMAND)(execute)
    server.feature(wire.Method.RESEND.value)(resend)


async def _refactor(server: ParleyServer, given: Sequence[Json] | None, token: types.ProgressToken | None) -> Json:
    arguments = from_lsp.argument(wire.RefactorArguments, given, wire.Command.REFACTOR)
    document = await document_of(server, arguments.text_document)
    request = from_lsp.refactoring(arguments, document, server.client.encoding, _origin(server, document))
    wish = Wish(
        command="parley.refactor",
        title=TASKS[request.task or TaskClass.CUSTOM].title,
        request=request,
        confirm=arguments.confirm,
        apply=server.apply if arguments.apply else None,
    )
    return await _started(server, wish, token, wait=arguments.wait)


async def _explain(server: ParleyServer, given: Sequence[Json] | None, token: types.ProgressToken | None) -> Json:
    arguments = from_lsp.argument(wire.ExplainArguments, given, wire.Command.EXPLAIN)
    document = await document_of(server, arguments.text_document)
    request = from_lsp.explanation(arguments, document, server.client.encoding, _origin(server, document))
    show = server.show_explanation if arguments.show else None
    wish = Wish(command="parley.explain", title=TASKS[TaskClass.EXPLAIN].title, request=request, show=show)
    return await _started(server, wish, token, wait=arguments.wait)


async def _apply(server: ParleyServer, given: Sequence[Json] | None, token: types.ProgressToken | None) -> Json:
    arguments = from_lsp.argument(wire.ApplyArguments, given, wire.Command.APPLY)
    kept = server.kept.take(arguments.id)
    if kept is None:
        raise JsonRpcInvalidParams(_NOTHING_KEPT.format(which=arguments.id or "at all"))
    wish = Wish(
        command="parley.apply",
        title=kept.proposed.title,
        request=kept.request,
        proposed=kept.proposed,
        apply=server.apply,
    )
    return await _started(server, wish, token, wait=arguments.wait)


def _cancel(server: ParleyServer, given: Sequence[Json] | None) -> Json:
    arguments = from_lsp.argument(wire.CancelArguments, given, wire.Command.CANCEL)
    return write(wire.CancelResult(cancelled=server.running.cancel(arguments.id)))


async def _models(server: ParleyServer, given: Sequence[Json] | None) -> Json:
    arguments = from_lsp.argument(wire.ModelsArguments, given, wire.Command.MODELS)
    if arguments.use is not None:
        chosen = arguments.use or None
        try:
            await server.worker.call(lambda: server.services.use_model(chosen, arguments.task))
        except ProviderError as error:
            raise JsonRpcInvalidParams(str(error)) from error
    models: tuple[wire.Model, ...] = ()
    try:
        models = tuple(map(to_wire.model, await server.worker.call(server.services.models)))
        route = await server.worker.call(lambda: server.services.default_route(arguments.task))
    except ProviderError as error:
        return write(wire.ModelsResult(models=models, why=str(error)))
    return write(wire.ModelsResult(models=models, default=f"{route.provider}/{route.model}", why=route.why))


async def _profile(server: ParleyServer, given: Sequence[Json] | None) -> Json:
    arguments = from_lsp.argument(wire.ProfileArguments, given, wire.Command.PROFILE)
    from parley_profiling.errors import ProfilingError  # not at start-up

    try:
        found = await server.worker.call(lambda: server.services.profiles(arguments.model, arguments.task))
    except ProfilingError as error:
        raise JsonRpcException(str(error), REQUEST_FAILED) from error
    return write(wire.ProfileResult(profiles=tuple(map(to_wire.profile, found))))


async def document_of(server: ParleyServer, wanted: wire.TextDocument) -> Document:
    """The document, if it is at the version that is wanted.

    Raises:
        JsonRpcException: it has changed.
    """
    document = await server.documents.read(wanted.uri)
    if wanted.version is not None and wanted.version != document.version:
        raise JsonRpcException(
            f"The document is at version {document.version} now, not {wanted.version}; choose again.", CONTENT_MODIFIED
        )
    return document


def _origin(server: ParleyServer, document: Document) -> from_lsp.Origin:
    return from_lsp.Origin(correlation_id=uuid.uuid4().hex, workspace_root=server.root_of(document.uri))


async def _started(server: ParleyServer, wish: Wish, token: types.ProgressToken | None, *, wait: bool) -> Json:
    running = server.running.same(wish)
    if running is None:
        running = _start(server, wish, token)
    else:
        running.waiters += 1
    if not wait:
        return write(wire.Accepted(id=running.id))
    return await _waited(running)


def _start(server: ParleyServer, wish: Wish, token: types.ProgressToken | None) -> RunningRequest:
    request_id = wish.request.correlation_id if wish.proposed is None else uuid.uuid4().hex
    ours = f"parley-{request_id}" if server.client.creates_progress else None
    progress = Progress(server, ours if token is None else token, f"Parley: {wish.title}")
    running = server.running.start(wish, progress, request_id)
    if token is None:
        server.group.create_task(progress.create(), name=f"parley-progress-{running.id}")
    else:
        progress.begin()
    return running


async def _waited(running: RunningRequest) -> Json:
    """The outcome; when every editor command that asked for it gives up waiting, the request is given up."""
    try:
        return write(await asyncio.shield(running.outcome))
    except asyncio.CancelledError:
        running.waiters -= 1
        if not running.waiters:
            running.cancel()
        raise


_NOTHING_KEPT = "No change is kept {which}; ask for the refactoring again."
