"""`scripts/nexus documents`: the manifest of ours, those of clients, and who uses which."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.table import Table

from gateway import settings as configuration
from gateway.cli.database import connected
from gateway.cli.display import Failure, progress, result
from gateway.settings import Settings
from gateway.trusted.broken import shown
from gateway.trusted.manifests import BadManifest, Form, read, written


def manifest(
    *,
    form: Annotated[Form, typer.Option(help="Whose tools are to read it.")] = Form.APOLLO,
) -> None:
    """Print the manifest of our own documents."""
    from gateway.trusted.registry import load

    entries = load(configuration.load()).manifest(of_apollo=form is Form.APOLLO)
    typer.echo(written(entries, form), nl=False)


def import_manifest(
    file: Annotated[Path, typer.Argument(help="A manifest of Apollo, Relay or graphql-codegen.")],
    *,
    name: Annotated[str | None, typer.Option(help="To keep it under, such as web-1.4.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Even where documents are trusted no longer.")
    ] = False,
) -> None:
    """Trust the documents of a client, after checking each of them."""
    from gateway.trusted.registry import load

    settings = configuration.load()
    kept = settings.documents_directory / f"{name or file.stem}.json"
    if kept.parent != settings.documents_directory:
        raise Failure(f"--name must be a name, not a path: {name}")
    try:
        raw = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', 'not UTF-8')}") from None
    settings.documents_directory.mkdir(parents=True, exist_ok=True)
    registry = load(settings, without=kept)
    registry.add_manifest(file, raw)
    new = {entry.id for entry in read(raw)}
    try:
        old = {entry.id for entry in read(kept.read_text())} if kept.exists() else set()
    except BadManifest:
        old = set()
    lost = [id for id in old - new if registry.get(id) is None]
    if lost and not replace:
        raise Failure(
            f"{shown(kept)} names {len(lost)} documents that clients may still ask for: "
            "--replace drops them, --name keeps both"
        )
    fresh = kept.with_suffix(".new")
    fresh.write_text(raw, encoding="utf-8")
    fresh.replace(kept)
    told = f"{len(new)} documents, {len(new - old)} of them new, {len(lost)} dropped"
    progress.print(f"{shown(kept)}: {told}; a gateway reads them when it starts", soft_wrap=True)


def report(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="So many, today included.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Tell which trusted documents nobody used, and what `only` would refuse."""
    with connected(configuration.load()) as settings:
        told = asyncio.run(_told(settings, days))
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    used = Table("document", "operation", "times", box=None)
    for each in told["trusted"]:
        style = None if each["times"] else "yellow"
        used.add_row(each["source"], each["operation"], str(each["times"] or "never"), style=style)
    result.print(used)
    if not told["untrusted"]:
        result.print(f"\nno untrusted document was counted in {days} days (NEXUS_DOCUMENTS=log)")
        return
    refused = Table("refused by `only`", "client", "SHA-256", "times", box=None)
    for each in told["untrusted"]:
        name, client, document = (each[part] or "-" for part in ("operation", "client", "id"))
        why = " (trusted: send its id)" if each["known"] else ""
        refused.add_row(name + why, client, document, str(each["times"]))
    result.print()
    result.print(refused)


async def _told(settings: Settings, days: int) -> dict[str, list[dict[str, Any]]]:
    from gateway.trusted.registry import load
    from gateway.trusted.usage import counted
    from subscriptions.connection import connect

    registry = load(settings)
    redis = connect(settings.redis_url or "")
    try:
        found = await counted(redis, days=days)
    except (RedisError, OSError) as error:
        raise Failure(f"Redis does not answer: {error} (see REDIS_URL)") from None
    finally:
        await redis.aclose()
    times: Counter[tuple[str, str]] = Counter()
    digests = set()
    for each in registry:
        digests.add(each.digest)
        for name in each.operations:
            times[each.source, name] += found.used[each.digest, name]
    return {
        "trusted": [
            {"source": source, "operation": name, "times": count}
            for (source, name), count in sorted(times.items(), key=lambda it: (it[1], it[0]))
        ],
        "untrusted": [
            {
                "operation": each.name,
                "id": each.document,
                "client": each.client,
                "times": each.times,
                "known": each.document in digests,
            }
            for each in found.untrusted
        ],
    }
