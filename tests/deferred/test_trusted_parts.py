"""A trusted document that defers is asked for by its id, and answered as the client takes it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from in_parts import TAKES_PARTS, merged, parts_of
from over_http import client_of

from gateway.app import create_app
from gateway.settings import Settings
from services.access import Viewer

pytestmark = pytest.mark.anyio

TEXT = """query Later { viewer { role ...Mine @defer(label: "mine") } }
fragment Mine on Viewer { student { displayName } }
"""


async def test_a_trusted_document_is_answered_in_parts_and_no_other_is(
    gateway_settings: Settings, student: Viewer, token_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "Later.graphql").write_text(TEXT)
    id = f"sha256:{sha256(TEXT.encode()).hexdigest()}"
    told = {"documents": "only", "documents_dir": tmp_path}
    app = create_app(gateway_settings.model_copy(update=told))
    async with (
        app.router.lifespan_context(app),
        client_of(app, Authorization=f"Bearer {token_of(student)}") as client,
    ):

        async def asked(accept: str, **body: str) -> Any:
            return await client.post("/graphql", json=body, headers={"Accept": accept})

        whole = await asked("application/json", documentId=id)
        parts = await asked(TAKES_PARTS, documentId=id)
        refused = await asked(TAKES_PARTS, query=TEXT.replace("role", "id"))
    assert merged(parts_of(parts.text)).data == whole.json()["data"]
    assert refused.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
