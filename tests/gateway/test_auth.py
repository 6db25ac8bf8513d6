"""Who is asking: a token says so, or nobody is."""

import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from forging import claims, sealed, seconds_from_now, signed, unsigned
from joserfc import jwt
from joserfc.jwk import OctKey
from over_http import SECRET

from gateway.tokens import mint

pytestmark = pytest.mark.anyio

ME = "{ viewer { id role displayName } }"
MINUTE = timedelta(minutes=1)


async def asked(client: httpx2.AsyncClient, authorization: str | None, query: str = ME) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await client.post("/graphql", json={"query": query}, headers=headers)


async def is_refused(client: httpx2.AsyncClient, authorization: str | None, why: str = "") -> None:
    answer = await asked(client, authorization)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="nexus"'
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert why in error["message"]
    assert "data" not in answer.json()


async def test_a_good_token_says_who_asks(anonymous: httpx2.AsyncClient) -> None:
    answer = await asked(anonymous, f"Bearer {signed(claims(name='Lina'))}")
    assert answer.json() == {
        "data": {"viewer": {"id": "someone", "role": "STUDENT", "displayName": "Lina"}}
    }


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_read_as_http_says(anonymous: httpx2.AsyncClient, scheme: str) -> None:
    assert (await asked(anonymous, f"{scheme} {signed(claims())}")).status_code == 200


@pytest.mark.parametrize("query", ["{ __typename }", "query A { a: __typename __typename }"])
async def test_without_a_token_only_the_name_of_the_root_is_told(
    anonymous: httpx2.AsyncClient, query: str
) -> None:
    answer = await asked(anonymous, None, query)
    assert set(answer.json()["data"].values()) == {"Query"}


@pytest.mark.parametrize(
    "query",
    [
        ME,
        "{ __typename viewer { id } }",
        "{ ... { viewer { id } } }",
        "{ ...F } fragment F on Query { viewer { id } }",
        "{ __schema { types { name } } viewer { id } }",
        "query ($q: [ID!]!) { __typename nodes(ids: $q) { id } }",
        "{ programme(subject: MATHS, track: PREMIERE) { code } }",
        '{ node(id: "00000000-0000-4000-8000-000000000000") { id } }',
    ],
)
async def test_without_a_token_nothing_else_is(anonymous: httpx2.AsyncClient, query: str) -> None:
    answer = await asked(anonymous, None, query)
    assert answer.status_code == 401
    assert list(answer.json()) == ["errors"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic bGluYTpsaW5h", "Token x", signed(claims()), "Bearer a b"],
)
async def test_another_kind_of_credentials_is_refused(
    anonymous: httpx2.AsyncClient, authorization: str
) -> None:
    await is_refused(anonymous, authorization)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        signed(claims())[:-4],
        signed(claims()) + "AAAA",
        signed(claims()) + ".x.y",
        unsigned({"alg": "HS256"}, claims(), "AAAA"),
        unsigned({"alg": "HS256"}, claims()),
        unsigned({"alg": "none"}, claims()),
        unsigned({"alg": "None", "typ": "JWT"}, claims()),
        unsigned({"alg": ["HS256"]}, claims()),
        unsigned({}, claims()),
    ],
)
async def test_a_token_that_nobody_signed_is_refused(
    anonymous: httpx2.AsyncClient, token: str
) -> None:
    await is_refused(anonymous, b"Bearer " + token.encode(), "signature")  # type: ignore[arg-type]


async def test_a_token_signed_with_another_key_is_refused(anonymous: httpx2.AsyncClient) -> None:
    other = signed(claims(), "another secret that is long enough")
    await is_refused(anonymous, f"Bearer {other}", "signature")


async def test_a_token_signed_by_another_algorithm_is_refused(
    anonymous: httpx2.AsyncClient,
) -> None:
    token = jwt.encode({"alg": "HS512"}, claims(), OctKey.import_key(SECRET), algorithms=["HS512"])
    await is_refused(anonymous, f"Bearer {token}", "signature")


async def test_a_token_whose_payload_was_changed_is_refused(anonymous: httpx2.AsyncClient) -> None:
    header, _, signature = signed(claims()).split(".")
    payload = unsigned({}, claims(role="ADMIN")).split(".")[1]
    await is_refused(anonymous, f"Bearer {header}.{payload}.{signature}", "signature")


async def test_a_signed_payload_that_is_no_object_is_refused(
    anonymous: httpx2.AsyncClient,
) -> None:
    for payload in (b"[]", b"1", b"null", b'"sub"', b"{", b"\xff"):
        told = b".".join(
            urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256"}', payload)
        )
        seal = urlsafe_b64encode(hmac.new(SECRET.encode(), told, sha256).digest()).rstrip(b"=")
        await is_refused(anonymous, f"Bearer {(told + b'.' + seal).decode()}")


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}])
async def test_a_header_that_insists_on_what_we_do_not_know_is_refused(
    anonymous: httpx2.AsyncClient, header: dict[str, Any]
) -> None:
    await is_refused(anonymous, f"Bearer {sealed(claims(), **header)}")


@pytest.mark.parametrize("claim", ["sub", "role", "aud", "iat", "exp"])
async def test_a_token_without_one_of_its_claims_is_refused(
    anonymous: httpx2.AsyncClient, claim: str
) -> None:
    await is_refused(anonymous, f"Bearer {signed(claims(**{claim: None}))}", "refused")


WRONG = {
    "expired": {"exp": seconds_from_now(-60)},
    "long expired": {"exp": 0},
    "not yet issued": {"iat": seconds_from_now(3600)},
    "not yet valid": {"nbf": seconds_from_now(3600)},
    "other audience": {"aud": "another-service"},
    "other audiences": {"aud": ["a", "b"]},
    "no audience": {"aud": []},
    "unknown role": {"role": "TEACHER"},
    "role in lower case": {"role": "admin"},
    "roles": {"role": ["STUDENT", "ADMIN"]},
    "role and nothing": {"role": ["ADMIN"]},
    "role as object": {"role": {"ADMIN": True}},
    "role as number": {"role": 4},
    "exp as text": {"exp": "tomorrow"},
    "exp as object": {"exp": {}},
    "iat as text": {"iat": "today"},
    "sub as number": {"sub": 1},
    "sub as list": {"sub": ["someone"]},
    "empty sub": {"sub": ""},
    "sub with NUL": {"sub": "some\x00one"},
    "sub with a line": {"sub": "some\none"},
    "sub with half a pair": {"sub": "some\ud800one"},
    "overlong sub": {"sub": "a" * 256},
    "name as number": {"name": 1},
    "name with NUL": {"name": "Li\x00na"},
    "overlong name": {"name": "a" * 256},
    "client as list": {"client": ["parent-app"]},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
async def test_a_token_with_a_wrong_claim_is_refused(
    anonymous: httpx2.AsyncClient, changed: dict[str, Any]
) -> None:
    await is_refused(anonymous, f"Bearer {sealed(claims(**changed))}", "refused")


async def test_one_of_several_audiences_may_be_ours(anonymous: httpx2.AsyncClient) -> None:
    token = signed(claims(aud=["another-service", "nexus"]))
    assert (await asked(anonymous, f"Bearer {token}")).status_code == 200


async def test_a_token_that_is_too_long_is_refused(anonymous: httpx2.AsyncClient) -> None:
    token = signed(claims(padding="a" * 8192))
    await is_refused(anonymous, f"Bearer {token}", "too long")


async def test_two_clocks_may_differ_a_little(anonymous: httpx2.AsyncClient) -> None:
    token = signed(claims(iat=seconds_from_now(5)))
    assert (await asked(anonymous, f"Bearer {token}")).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["X-Role", "X-User-Role", "X-Student-Id", "X-User-Id", "X-Viewer", "Role", "Sub"],
)
async def test_no_role_and_no_id_is_taken_from_a_header(
    anonymous: httpx2.AsyncClient, header: str
) -> None:
    for value in ("ADMIN", "someone-else"):
        answer = await anonymous.post(
            "/graphql",
            json={"query": ME},
            headers={"Authorization": f"Bearer {signed(claims())}", header: value},
        )
        viewer = {"id": "someone", "role": "STUDENT", "displayName": None}
        assert answer.json() == {"data": {"viewer": viewer}}


async def test_no_cookie_is_a_token(anonymous: httpx2.AsyncClient) -> None:
    headers = {"Cookie": f"token={signed(claims())}; Authorization=Bearer {signed(claims())}"}
    answer = await anonymous.post("/graphql", json={"query": ME}, headers=headers)
    assert answer.status_code == 401


async def test_a_bad_token_is_refused_even_where_none_is_needed(
    anonymous: httpx2.AsyncClient,
) -> None:
    answer = await asked(anonymous, "Bearer x", "{ __typename }")
    assert answer.status_code == 401


async def test_what_we_mint_for_development_is_what_we_take(
    anonymous: httpx2.AsyncClient,
) -> None:
    token = mint(SECRET, sub="someone", role="COACH", ttl=MINUTE, name="Nora", client="dashboard")
    answer = await asked(anonymous, f"Bearer {token}")
    assert answer.json()["data"]["viewer"]["role"] == "COACH"
