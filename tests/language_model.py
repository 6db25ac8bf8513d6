"""A language model for tests: an OpenAI-compatible server on loopback that does as it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from serving import listening
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

Texts = list[dict[str, Any]]
Mood = Callable[["Model", Texts], Awaitable[Response]]


@dataclass
class Model:
    """What it was asked, and how it answers: one mood a request, the last one ever after."""

    moods: list[Mood]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization"))
        texts: Texts = json.loads(body["messages"][-1]["content"])["texts"]
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        return await mood(self, texts)

    @property
    def formats(self) -> list[str]:
        return [body["response_format"]["type"] for body in self.asked]


def said(content: str) -> Response:
    return JSONResponse({"choices": [{"message": {"role": "assistant", "content": content}}]})


def saying(change: Callable[[str], str]) -> Mood:
    """Every label and reason as `change` makes it."""

    async def answer(_model: Model, texts: Texts) -> Response:
        found = [
            {"n": one["n"], "label": change(one["label"]), "reason": change(one["reason"])}
            for one in texts
        ]
        return said(json.dumps({"texts": found}))

    return answer


def failing(status: int, **headers: str) -> Mood:
    async def answer(_model: Model, _texts: Texts) -> Response:
        return HTMLResponse("<html>Bad Gateway</html>", status, headers)

    return answer


def babbling(content: str) -> Mood:
    async def answer(_model: Model, _texts: Texts) -> Response:
        return said(content)

    return answer


async def html(_model: Model, _texts: Texts) -> Response:
    return HTMLResponse("<html>Bienvenue</html>")


async def huge(_model: Model, _texts: Texts) -> Response:
    return Response(b" " * 1_000_000, media_type="application/json")


async def silent(_model: Model, _texts: Texts) -> Response:
    await asyncio.sleep(1)  # longer than anybody waits for it
    return Response()


def refusing_formats(*known: str) -> Mood:
    """Takes these formats alone, as small servers do."""

    async def answer(model: Model, texts: Texts) -> Response:
        if model.formats[-1] not in known:
            return JSONResponse({"error": {"message": "unknown response_format"}}, 400)
        return await kindly(model, texts)

    return answer


def kind(text: str) -> str:
    """Says the same, and is recognised by it."""
    return f"Allez : {text[0].lower()}{text[1:]}"


kindly = saying(kind)


@contextmanager
def language_model(*moods: Mood) -> Iterator[Model]:
    """One that listens until the end of the block."""
    model = Model(list(moods))
    app = Starlette(routes=[Route("/v1/chat/completions", model.answer, methods=["POST"])])
    with listening(app) as url:
        model.url = f"{url}/v1"
        yield model
