"""Scripts in JSON Lines: one answer a line, blank lines and lines that begin with `#` left out.

    {"task_class": "docstring", "contains": "def area", "text": "Return the area."}
    {"json": {"names": {"x": "width"}}, "delay_ms": 20}
    {"pieces": ["Once ", {"text": "more", "delay_ms": 500}], "ending": "truncated"}
    {"model": "large", "text": "An answer of one of several models.", "times": 3}
    {"text": "half", "error": {"kind": "server", "message": "It fell over.", "after_pieces": 1}}

What an answer does is told by `scripted.ScriptedAnswer`. An answer without `task_class`, `contains` and `times` is
given once, so that such lines are taken in order; the others serve without limit. A script whose lines name models is
routed as models of this machine are; else it is one model, which serves whatever is asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parley_providers.adapters.scripted import Ending, ScriptedAnswer, ScriptedFault, ScriptedPiece
from parley_providers.errors import BadRequestError, ErrorKind
from parley_providers.messages import ToolCallPart
from parley_providers.requests import FinishReason
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from pathlib import Path


def read_script(path: Path) -> tuple[ScriptedAnswer, ...]:
    """The answers in the file at `path`.

    Raises:
        BadRequestError: it cannot be read, or a line is not an answer; the message says where and why.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(f"The script {path} cannot be read: {error}.") from error
    return tuple(
        _answer(line, f"{path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Piece(_Strict):
    text: str
    kind: Literal["text", "reasoning"] = "text"
    delay_ms: float | None = Field(default=None, ge=0)


class _Fault(_Strict):
    kind: ErrorKind
    message: str
    after_pieces: int = Field(default=0, ge=0)
    retry_after_s: float | None = None


class _Call(_Strict):
    call_id: str
    name: str
    arguments: dict[str, Any]


class _Usage(_Strict):
    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Timings(_Strict):
    queue_ns: int | None = None
    load_ns: int | None = None
    prefill_ns: int | None = None
    decode_ns: int | None = None
    total_ns: int | None = None


class _Line(_Strict):
    task_class: str | None = None
    contains: str | None = None
    model: str | None = Field(default=None, min_length=1)
    times: int | None = Field(default=None, ge=1)
    text: str | None = None
    value: Any = Field(default=None, alias="json")
    pieces: list[str | _Piece] = []
    delay_ms: float = Field(default=0, ge=0)
    tool_calls: list[_Call] = []
    finish: FinishReason | None = None
    ending: Ending = "finish"
    error: _Fault | None = None
    usage: _Usage = _Usage()
    timings: _Timings = _Timings()


def _answer(text: str, where: str) -> ScriptedAnswer:
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the line'}: {one['msg']}" for one in error.errors(include_url=False)
        )
        raise BadRequestError(f"{where} is not an answer of a script: {wrong}.") from error
    pieces = _pieces(line)
    if line.ending == "endless" and not pieces:
        raise BadRequestError(f"{where} is not an answer of a script: an endless one needs pieces to repeat.")
    anyone = line.task_class is None and line.contains is None
    return ScriptedAnswer(
        pieces=pieces,
        tool_calls=tuple(ToolCallPart(**call.model_dump()) for call in line.tool_calls),
        finish=line.finish,
        ending=line.ending,
        fault=None if line.error is None else ScriptedFault(**line.error.model_dump()),
        usage=Usage(**line.usage.model_dump()),
        timings=Timings(**line.timings.model_dump()),
        task_class=line.task_class,
        contains=line.contains,
        model=line.model,
        times=1 if line.times is None and anyone else line.times,
    )


def _pieces(line: _Line) -> tuple[ScriptedPiece, ...]:
    told: list[str | _Piece] = list(line.pieces)
    if line.text is not None:
        told += line.text.splitlines(keepends=True)
    if "value" in line.model_fields_set:
        told.append(json.dumps(line.value, ensure_ascii=False))
    pieces = (_Piece(text=piece) if isinstance(piece, str) else piece for piece in told)
    return tuple(
        ScriptedPiece(
            text=piece.text,
            kind=piece.kind,
            delay_s=(line.delay_ms if piece.delay_ms is None else piece.delay_ms) / 1000,
        )
        for piece in pieces
    )
