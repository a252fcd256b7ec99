"""The language server: joins documents, requests, worker and editor, and lives from `initialize` to `exit`.

Families of requests are in `handlers`; bytes come and go by `transport`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from parley_server.lsp import messages
from parley_server.lsp.applying import Applied, Applier, Wanted
from parley_server.lsp.client import ClientFacts
from parley_server.lsp.configuring import Configuring
from parley_server.lsp.documents import Documents
from parley_server.lsp.explanations import Explanations, Kind
from parley_server.lsp.following import Following
from parley_server.lsp.frames import FrameError, Frames
from parley_server.lsp.garbage import Garbage
from parley_server.lsp.keeping import Ended, OutcomeKeeper
from parley_server.lsp.kept import KeptProposal, KeptProposals
from parley_server.lsp.parent import gone
from parley_server.lsp.paths import file_of, uri_of
from parley_server.lsp.preparing import Preparing
from parley_server.lsp.protocol import ParleyProtocol, converter
from parley_server.lsp.running import Running
from parley_server.lsp.transport import Incoming, Outgoing
from parley_server.lsp.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_server.lsp import wire
    from parley_server.lsp.sending import Stage
    from parley_server.lsp.services import Services
    from parley_server.lsp.shapes import Json

T = TypeVar("T")
logger = logging.getLogger(__name__)
_MESSAGE_TYPES: dict[str, types.MessageType] = {
    "applied": types.MessageType.Info,
    "diff": types.MessageType.Info,
    "failed": types.MessageType.Error,
}
_LAST_WORDS_S = 5.0


class ParleyServer(LanguageServer):
    """One connection to one editor.

    Args:
        services: What the server offers.
        group: The parent of every task.
        outgoing: The way to the editor.
    """

    protocol: ParleyProtocol

    def __init__(self, services: Services, group: asyncio.TaskGroup, outgoing: Outgoing) -> None:
        super().__init__(
            "parley", version("parley-ls"), protocol_cls=ParleyProtocol, converter_factory=converter, max_workers=1
        )
        self.protocol.set_writer(outgoing)
        self._outgoing = outgoing
        self.group = group
        self.services = services
        self.worker = Worker()
        self.client = ClientFacts()
        self.documents = Documents(file_of)
        self.explanations = Explanations()
        self.kept = KeptProposals()
        self._keeper = OutcomeKeeper(
            group, self.documents, lambda *given: self.worker.call(lambda: services.keep(*given))
        )
        self._applier = Applier(
            documents=self.documents,
            editor=self,
            to_uri=uri_of,
            rebase=lambda *given: self.worker.call(lambda: services.rebase(*given)),
            on_asked=self._keeper.asked,
        )
        self.running = Running(
            group=group,
            work=lambda request: self.worker.iterate(lambda: services.refactor(request)),
            link=self,
            on_outcome=self._ended_with,
            spent=services.spent,
        )
        self.configuring = Configuring(
            group,
            self,
            take=lambda given, bare: self.worker.call(lambda: services.configure(given, bare=bare)),
            look=lambda folders: self.worker.call(lambda: services.workspace_problems(folders)),
        )
        self.following = Following(group, self, lambda *given: self.worker.call(lambda: services.follow_events(*given)))
        self.preparing = Preparing(group, self.documents, services.prepare, self.aside)
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parley-offers")
        self._garbage = Garbage()
        self._ended = asyncio.Event()
        self._exit_code = 1

    @property
    def backlog(self) -> int:
        """See `Link`."""
        return self._outgoing.backlog

    def on_drained(self, callback: Callable[[], None]) -> None:
        """See `Link`."""
        self._outgoing.on_drained(callback)

    def notify(self, method: str, params: Json) -> None:
        """See `Link`."""
        if self.protocol.was_shut_down:
            return
        self._garbage.talked(asyncio.get_running_loop().time())
        self.protocol.send_json({"jsonrpc": "2.0", "method": method, "params": params})

    def progress(self, params: types.ProgressParams) -> None:
        """See `ProgressLink`."""
        self.protocol.notify(types.PROGRESS, params)

    def create_progress(self, token: types.ProgressToken) -> Awaitable[None]:
        """See `ProgressLink`."""
        return self.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))

    def apply_edit(self, params: types.ApplyWorkspaceEditParams) -> Awaitable[types.ApplyWorkspaceEditResult]:
        """See `Editor`."""
        return self.workspace_apply_edit_async(params)

    def ask(self, params: types.ShowMessageRequestParams) -> Awaitable[types.MessageActionItem | None]:
        """See `Asking`."""
        return self.window_show_message_request_async(messages.asked(params))

    def window_show_message(self, params: types.ShowMessageParams) -> None:
        """See `SettingsEditor`."""
        super().window_show_message(messages.shown(params))

    def apply(self, wanted: Wanted, stage: Stage) -> Awaitable[Applied]:
        """Apply a proposal in this editor."""
        return self._applier.apply(wanted, self.client, stage)

    async def show_diff(self, name: str, text: str) -> None:
        """See `Asking`."""
        await self._show("change", name, text)

    async def show_explanation(self, request_id: str, text: str) -> None:
        """Open an explanation as a read-only document, as far as the client can."""
        await self._show("explanation", request_id, text)

    async def aside(self, work: Callable[[], T]) -> T:
        """What `work` returns, in a thread of its own: for what is quick, but not quick enough for the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, work)

    def root_of(self, uri: str) -> str | None:
        """The path of the workspace folder that holds `uri`: the innermost, or None."""
        path = file_of(uri)
        holding = [root for root in self.client.workspace_roots if path is not None and Path(path).is_relative_to(root)]
        return max(holding, key=len, default=None)

    def end(self, exit_code: int) -> None:
        """Leave: what runs is cancelled, engines end, the process follows."""
        if not self._ended.is_set():
            self._exit_code = exit_code
            self._ended.set()

    async def serve(self, incoming: Incoming) -> int:
        """Answer until the editor is gone; the exit code: 0 after shutdown and exit, else 1."""
        reading = self.group.create_task(self._read(incoming), name="parley-reading")
        watching = self.group.create_task(self._watch_parent(), name="parley-parent")
        try:
            await self._ended.wait()
        finally:
            reading.cancel()
            watching.cancel()
            await self._close()
        return self._exit_code

    async def _show(self, kind: Kind, request_id: str, text: str) -> None:
        if self.client.reads_content and self.client.shows_documents:
            uri = self.explanations.keep(kind, request_id, text)
        else:
            uri = uri_of(await asyncio.to_thread(self.explanations.write, kind, request_id, text))
        if self.client.shows_documents:
            self.window_show_document(types.ShowDocumentParams(uri=uri, take_focus=True))
        else:
            told = f"The {kind} is in {to_fs_path(uri)}"
            self.window_show_message(types.ShowMessageParams(types.MessageType.Info, told))

    async def _read(self, incoming: Incoming) -> None:
        frames = Frames()
        async with aclosing(incoming.chunks()) as chunks:
            async for chunk in chunks:
                self._garbage.talked(asyncio.get_running_loop().time())
                for body in frames.feed(chunk):
                    if isinstance(body, FrameError):
                        self.protocol.reject(f"Not a message: {body.reason}.")
                    else:
                        self.protocol.receive(body)
                        # One message at a time: what runs may go on in between, however many wait.
                        await asyncio.sleep(0)
        logger.info("the editor closed the connection")
        self.end(1)

    async def _watch_parent(self) -> None:
        while not await gone(lambda: self.process_id):
            self._garbage.look(asyncio.get_running_loop().time())
        logger.warning("the process that started Parley is gone")
        self.end(1)

    async def _close(self) -> None:
        self.running.shut_down()
        self.following.close()
        self.configuring.close()
        self.explanations.close()
        self.preparing.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self.running.ended()
                await self._keeper.close()
                await self.worker.close(self.services.aclose)
        self._aside.shutdown(wait=False, cancel_futures=True)

    def _ended_with(self, finished: wire.Finished) -> None:
        running = self.running.get(finished.id)
        if running is not None:
            wanted = None if running.applied is None else running.applied.wanted
            self._keeper.ended(Ended(finished=finished, request=running.wish.request, wanted=wanted))
            request, proposed = running.wish.request, running.wish.proposed
            if wanted is not None:
                request, proposed = running.named_now(wanted.request), wanted.proposed
            if finished.kept and proposed is not None:
                self.kept.keep(KeptProposal(id=finished.id, request=request, proposed=proposed))
        self._show_outcome(finished)

    def _show_outcome(self, finished: wire.Finished) -> None:
        if self.client.shows_outcomes or finished.outcome in ("cancelled", "explained"):
            return
        kind = _MESSAGE_TYPES.get(finished.outcome, types.MessageType.Warning)
        self.window_show_message(types.ShowMessageParams(kind, " ".join([finished.message, *finished.notes])))


async def run(incoming: Incoming, descriptor: int, services: Services) -> int:
    """Serve one editor over a pair of pipes; the process's exit code."""
    from parley_server.lsp.handlers import register

    loop = asyncio.get_running_loop()
    code = 1
    try:
        async with asyncio.TaskGroup() as group:
            outgoing = Outgoing(descriptor, loop, on_lost=lambda: server.end(1))
            server = ParleyServer(services, group, outgoing)
            register(server)
            _end_on_signals(loop, server)
            code = await server.serve(incoming)
            raise _Over  # noqa: TRY301 - the way to end a task group
    except* _Over:
        outgoing.close()
    return code


class _Over(Exception):  # noqa: N818 - no error: what still waits for the editor is cancelled by it
    """The server has served: nobody is left who could answer what it asked."""


def _end_on_signals(loop: asyncio.AbstractEventLoop, server: ParleyServer) -> None:
    if sys.platform == "win32":
        return
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # What whoever started Parley told it to ignore, as `nohup` does, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, server.end, 1)
