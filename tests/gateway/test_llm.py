"""A language model is asked once or twice, waited for so long, and believed in nothing."""

import socket

import pytest
from language_model import (
    Model,
    Mood,
    babbling,
    failing,
    html,
    huge,
    kind,
    kindly,
    language_model,
    refusing_formats,
    silent,
)

from gateway.llm import FORMATS, ChatModel
from gateway.settings import Settings
from services.wording import ADDED, ENDINGS, OPENINGS, TURNS, Text, Unavailable

pytestmark = pytest.mark.anyio

TEXTS = [Text("Réviser les suites", "Maîtrise : 40 %."), Text("Lire Phèdre", "Oral le 3 juin.")]
WORDED = [Text(kind(one.label), kind(one.reason)) for one in TEXTS]


def asking(model: Model, *, deadline: float = 20.0, key: str | None = None) -> ChatModel:
    return ChatModel(model.url, model="small", key=key, deadline=deadline, pause=0.01)


async def fails(*moods: Mood, deadline: float = 20.0) -> tuple[str, int]:
    """The kind of the failure, and how often the model was asked."""
    with language_model(*moods) as model:
        with pytest.raises(Unavailable) as failed:
            await asking(model, deadline=deadline)(TEXTS)
        return str(failed.value), len(model.asked)


async def test_texts_are_answered_in_their_order() -> None:
    with language_model(kindly) as model:
        assert await asking(model)(TEXTS) == WORDED
    (asked,) = model.asked
    assert (asked["model"], asked["response_format"]["type"]) == ("small", "json_schema")
    assert model.keys == [None]


async def test_a_key_is_a_bearer_s() -> None:
    with language_model(kindly) as model:
        await asking(model, key="secret")(TEXTS)
    assert model.keys == ["Bearer secret"]


async def test_a_server_without_json_schema_is_asked_for_less_and_remembered() -> None:
    with language_model(refusing_formats("json_object")) as model:
        one = asking(model)
        assert await one(TEXTS) == WORDED
        assert await one(TEXTS) == WORDED
    assert model.formats == ["json_schema", "json_object", "json_object"]


async def test_a_server_that_takes_no_format_is_given_up() -> None:
    assert await fails(failing(400)) == ("status 400", len(FORMATS))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_that_is_busy_is_asked_once_more(status: int) -> None:
    with language_model(failing(status), kindly) as model:
        assert await asking(model)(TEXTS) == WORDED
    assert await fails(failing(status)) == (f"status {status}", 2)


async def test_a_refusal_is_not_asked_again() -> None:
    assert await fails(failing(401)) == ("status 401", 1)


async def test_a_server_that_says_when_is_asked_then_within_the_deadline() -> None:
    slow = failing(429, **{"retry-after": "3"})
    assert await fails(slow, deadline=0.2) == ("too slow", 1)


async def test_a_server_that_does_not_answer_is_left_at_the_deadline() -> None:
    assert await fails(silent, deadline=0.2) == ("too slow", 1)


@pytest.mark.parametrize(("mood", "said"), [(html, "no completion"), (huge, "too long")])
async def test_what_is_no_completion_is_not_read(mood: Mood, said: str) -> None:
    assert await fails(mood) == (said, 1)


async def test_nobody_at_the_address_is_no_fault_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    one = ChatModel(f"http://127.0.0.1:{port}", model="small", deadline=5.0)
    with pytest.raises(Unavailable, match="ConnectError"):
        await one(TEXTS)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Bien sûr ! Voici :",
        '{"texts": [{"n": 0',
        '{"texts": "non"}',
        "[1, 2]",
        '{"texts": [{"n": "0", "label": "a", "reason": "b"}]}',
    ],
)
async def test_nonsense_is_no_answer_and_never_repeated(
    content: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await fails(babbling(content)) == ("unreadable answer", 1)
    assert not content or content not in caplog.text


@pytest.mark.parametrize("texts", ["", '{"n": 2, "label": "a", "reason": "b"}'])
async def test_an_answer_without_any_of_the_texts_is_none(texts: str) -> None:
    assert await fails(babbling(f'{{"texts": [{texts}]}}')) == ("no text", 1)


@pytest.mark.parametrize("around", ["```json\n{}\n```", "```\n{}\n```\n", "Bien sûr ! Voici :\n{}"])
async def test_an_answer_in_a_fence_or_behind_talk_is_read(around: str) -> None:
    content = '{"texts": [{"n": 0, "label": "a", "reason": "b"}]}'
    with language_model(babbling(around.replace("{}", content))) as model:
        assert await asking(model)(TEXTS) == [Text("a", "b"), None]


async def test_the_model_is_told_which_words_it_may_add() -> None:
    with language_model(kindly) as model:
        await asking(model)(TEXTS)
    told = model.asked[0]["messages"][0]["content"]
    words = (*ADDED, *OPENINGS, *ENDINGS, *(turn for turns in TURNS for turn in turns))
    assert [word for word in words if word not in told] == []


async def test_a_text_that_is_left_out_is_none_and_one_too_many_is_nobody_s() -> None:
    content = (
        '{"texts": [{"n": 1, "label": "Lire", "reason": "Bientôt"},'
        ' {"n": 7, "label": "Rire", "reason": "Tard"}], "plus": 1}'
    )
    with language_model(babbling(content)) as model:
        assert await asking(model)(TEXTS) == [None, Text("Lire", "Bientôt")]


def test_without_an_address_there_is_no_model(tmp_path) -> None:
    assert ChatModel.of(Settings(home=tmp_path)) is None
    assert ChatModel.of(Settings(home=tmp_path, llm_url="http://127.0.0.1:1/v1")) is not None
