"""JSON-RPC as Parley answers it: every request gets a result or an error, and no message stops the loop.

Built on pygls' protocol, which keeps requests in flight and knows LSP's types; this decides what is malformed, out of
turn or unknown, and what an error looks like. Framing belongs to `frames`, handling to `handlers`.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from typing import TYPE_CHECKING, Any

import attrs
import cattrs
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.json_rpc import JsonRPCNotification, JsonRPCRequestMessage, JsonRPCResponseMessage

from parley_server.lsp import trace, wire
from parley_server.lsp.announced import readable
from parley_server.lsp.documents import DocumentError
from parley_server.lsp.shapes import Json, ShapeError

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future

logger = logging.getLogger(__name__)

# What pygls would handle by itself, and Parley's handlers do instead.
_OURS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_EXECUTE_COMMAND,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    types.EXIT,
)


class ParleyProtocol(LanguageServerProtocol):
    """The protocol of one connection."""

    def receive(self, body: bytes) -> None:
        """Handle one message's body; never raises."""
        try:
            message = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            self.reject(f"The message is no JSON in UTF-8: {error}.")
            return
        if self._traces(message):
            self._trace("Received", message, trace.shape(message, len(body)))
        try:
            self._receive(message)
        except JsonRpcException as error:
            self._refuse(_id_of(message), error)
        except RecursionError:
            self._refuse(_id_of(message), JsonRpcInvalidRequest("The message is nested too deeply."))
        except Exception as error:
            # Whatever a message does inside pygls, the next one is read.
            logger.exception("a message could not be handled")
            if isinstance(message, dict) and "id" in message:
                self._refuse(_id_of(message), JsonRpcInternalError(_INTERNAL.format(error=type(error).__name__)))

    def reject(self, reason: str) -> None:
        """Answer bytes that are no message at all."""
        self._refuse(None, JsonRpcParseError(reason))

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """As pygls answers it, with our commands and the content of our documents."""
        result = yield from super().lsp_initialize(params)
        self.trace = params.trace or types.TraceValue.Off
        capabilities = result.capabilities
        capabilities.execute_command_provider = types.ExecuteCommandOptions(
            commands=[command.value for command in wire.Command]
        )
        if capabilities.workspace is not None:
            capabilities.workspace.text_document_content = types.TextDocumentContentOptions(
                schemes=[wire.CONTENT_SCHEME]
            )
        capabilities.experimental = {"parley": {"protocolVersion": wire.PROTOCOL_VERSION}}
        return result

    @property
    def was_shut_down(self) -> bool:
        """Whether the editor said goodbye."""
        return bool(self._shutdown)

    def send_json(self, message: Json) -> None:
        """Send a message that is JSON already."""
        self._send_data(message)

    def _traces(self, message: object) -> bool:
        return self.trace is not types.TraceValue.Off and not isinstance(message, types.LogTraceNotification)

    def _trace(self, direction: str, message: object, more: str) -> None:
        verbose = more if self.trace is types.TraceValue.Verbose else None
        params = types.LogTraceParams(trace.told(direction, message), verbose)
        self._send_data(types.LogTraceNotification(params))

    def _register_builtin_features(self) -> None:
        super()._register_builtin_features()  # type: ignore[no-untyped-call] # pygls annotates no result here
        for method in _OURS:
            self.fm.builtin_features.pop(method, None)

    def _receive(self, message: Json) -> None:
        if isinstance(message, list):
            raise JsonRpcInvalidRequest("LSP has no batches; send each message by itself.")
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            raise JsonRpcInvalidRequest('A message is an object with "jsonrpc": "2.0".')
        if "method" not in message:
            self._receive_response(message)
        elif not isinstance(message["method"], str):
            raise JsonRpcInvalidRequest("A method is a string.")
        elif "id" in message:
            self._receive_request(message)
        else:
            self._receive_notification(message)

    def _receive_request(self, message: dict[str, Json]) -> None:
        method, request_id = message["method"], _id_of(message)
        if request_id is None:
            raise JsonRpcInvalidRequest("A request's id is a string or an integer.")
        if request_id in self._request_futures:
            raise JsonRpcInvalidRequest(f"A request with the id {request_id!r} is still being answered.")
        initialized = self._workspace is not None
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server was shut down; only exit may follow.")
        if not initialized and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("Send initialize first.")
        if initialized and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("The server is initialized already.")
        self._get_handler(method)
        request = self._structured(message, self.get_message_type(method) or JsonRPCRequestMessage)
        contextvars.copy_context().run(self._handle_request, request_id, method, request.params)

    def _receive_notification(self, message: dict[str, Json]) -> None:
        method = message["method"]
        ready = self._workspace is not None and not self._shutdown
        if not ready and method != types.EXIT:
            logger.info("ignored %s: before initialize or after shutdown", method)
            return
        if method == types.CANCEL_REQUEST and _id_of(message.get("params")) is None:
            logger.warning("ignored a notification %s: an id is a string or an integer", method)
            return
        try:
            notification = self._structured(message, self.get_message_type(method) or JsonRPCNotification)
        except JsonRpcException as error:
            logger.warning("ignored a notification %s: %s", method, error.message)
            return
        contextvars.copy_context().run(self._handle_notification, method, notification.params)

    def _receive_response(self, message: dict[str, Json]) -> None:
        response_id = _id_of(message)
        if response_id not in self._result_types:
            logger.warning("ignored a response to no request of ours: %r", response_id)
            return
        result_type = self._result_types.pop(response_id) or JsonRPCResponseMessage
        future = self._request_futures.pop(response_id, None)
        if future is None or future.done():
            return
        try:
            if "error" in message:
                error = self._structured(message, types.ResponseErrorMessage).error
                raise JsonRpcException.from_error(error) if error else JsonRpcInvalidRequest("an empty error")
            future.set_result(self._structured(message, result_type).result)
        except JsonRpcException as error:
            future.set_exception(error)

    def _structured(self, message: dict[str, Json], shape: Any) -> Any:  # noqa: ANN401 - lsprotocol's message types
        structure = self._converter.structure
        try:
            if shape is types.InitializeRequest:
                return readable(message, lambda given: structure(given, shape))
            return structure(message, shape)
        except Exception as error:  # cattrs raises whatever the types' own validators raise
            reasons = "; ".join(cattrs.transform_error(error, path="message"))
            raise JsonRpcInvalidParams(
                f"{message.get('method', 'The response')} has wrong parameters: {reasons}"
            ) from error

    def _send_handler_result(self, future: Future[Any], *, msg_id: str | int) -> None:
        """Answer a request with what its handler returned or raised."""
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            self._refuse(msg_id, JsonRpcRequestCancelled(f"The request {msg_id!r} was cancelled."))
            return
        match future.exception():
            case None:
                self._send_response(msg_id, result=future.result())
            case JsonRpcException() as error:
                self._refuse(msg_id, error)
            case (ShapeError() | DocumentError()) as error:
                self._refuse(msg_id, JsonRpcInvalidParams(str(error)))
            case asyncio.CancelledError():
                self._refuse(msg_id, JsonRpcRequestCancelled(f"The request {msg_id!r} was cancelled."))
            case error:
                logger.error("a handler failed", exc_info=error)
                self._refuse(msg_id, JsonRpcInternalError(_INTERNAL.format(error=type(error).__name__)))

    def _check_handler_result(self, future: Future[Any]) -> None:
        """A notification has no answer: what went wrong is logged."""
        if future.cancelled():
            return
        match future.exception():
            case None:
                pass
            case (ShapeError() | DocumentError()) as error:
                logger.warning("%s", error)
            case error:
                logger.error("a handler of a notification failed", exc_info=error)

    def _refuse(self, msg_id: str | int | None, error: JsonRpcException) -> None:
        # Written as JSON: lsprotocol leaves out an id that is null, which JSON-RPC wants.
        logger.info("answered %r with error %s: %s", msg_id, error.code, error.message)
        self._send_data(
            {"jsonrpc": self.VERSION, "id": msg_id, "error": {"code": error.code, "message": error.message}}
        )

    def _send_data(self, data: Any) -> None:  # noqa: ANN401 - attrs values of lsprotocol, or JSON
        if self.writer is None:
            return
        body = json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode("ascii")
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        if self._traces(data):
            self._trace("Sent", data, trace.size(len(body)))


def converter() -> cattrs.Converter:
    """What reads and writes LSP's types, and refuses what pygls would let pass."""
    made: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call] # pygls annotates no result here
    raw_params(made)
    strict_text(made)
    made.register_structure_hook(types.TraceValue, lambda given, _: trace.wanted(given))
    return made


def raw_params(converter: cattrs.Converter) -> None:
    """Let `converter` leave the parameters of Parley's own methods as they came."""
    for shape in (JsonRPCRequestMessage, JsonRPCNotification, JsonRPCResponseMessage):
        names = [field.name for field in attrs.fields(shape)]
        converter.register_structure_hook(
            shape, lambda given, cls, names=names: cls(**{name: given.get(name) for name in names})
        )


def strict_text(converter: cattrs.Converter) -> None:
    """Let `converter` refuse what is no string where one belongs: a list's `str` would be a document's text."""

    def text(given: object, shape: type[str]) -> str:
        if shape is not str:  # LSP's enumerations of strings derive from it
            return shape(given)
        if not isinstance(given, str):
            raise TypeError(f"a string belongs here, not {type(given).__name__}")
        return given

    converter.register_structure_hook(str, text)


def _id_of(message: Json) -> str | int | None:
    given = message.get("id") if isinstance(message, dict) else None
    return given if isinstance(given, (str, int)) and not isinstance(given, bool) else None


_INTERNAL = "Parley failed by its own fault ({error}). `parley serve --log-file FILE` logs more."
