"""The documents that may be asked for by their id: read, validated and costed at the start.

Ours are `schema/documents/**/*.graphql`; those of clients are the manifests (`*.json`) and the
documents (`*.graphql`) in the directory of `NEXUS_DOCUMENTS_DIR`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    specified_rules,
    validate,
)

from gateway.cost import BUDGETS
from gateway.document_limits import Limits
from gateway.documents import CONTRACT, parsed
from gateway.pricing import priced
from gateway.refusals import Rejected
from gateway.settings import ROOT, Settings
from gateway.trusted import manifests
from gateway.trusted.broken import BrokenDocument, broken, line_of, said, shown
from gateway.trusted.manifests import BadManifest, Entry
from gateway.trusted.texts import apollo_texts, digest, named, operations

OURS = ROOT / "schema" / "documents"


@dataclass(frozen=True, slots=True, eq=False)
class Trusted:
    """One text that may be asked for, and where it stands."""

    id: str
    text: str = field(repr=False)
    document: DocumentNode = field(repr=False)
    operations: tuple[str, ...]
    source: str

    @property
    def digest(self) -> str:
        return digest(self.text)


class Registry:
    """All trusted documents. Ids are compared exactly: no case, no whitespace is forgiven."""

    def __init__(self, *, open_schema: bool) -> None:
        rules = () if open_schema else (NoSchemaIntrospectionCustomRule,)
        self._rules = (*specified_rules, *rules)
        self._by_id: dict[str, Trusted] = {}
        self._ours: list[Trusted] = []

    def __len__(self) -> int:
        return len({found.text for found in self._by_id.values()})

    def __iter__(self) -> Iterator[Trusted]:
        """Each document once, whatever it may be called by."""
        seen: set[tuple[str, str]] = set()
        for found in self._by_id.values():
            if (found.source, found.text) not in seen:
                seen.add((found.source, found.text))
                yield found

    @property
    def ours(self) -> Iterator[Trusted]:
        """Those of the repository, as they were written."""
        return iter(self._ours)

    def manifest(self, *, of_apollo: bool) -> list[Entry]:
        """Ours for a manifest: as they were written, or as Apollo Client prints them."""
        if not of_apollo:
            return [Entry(each.id, each.text) for each in self._ours]
        entries = []
        for each in self._ours:
            texts = apollo_texts(each.document)
            for node in operations(each.document):
                name = node.name.value if node.name else ""
                text = texts[name]
                entries.append(Entry(digest(text), text, name, node.operation.value))
        return entries

    def get(self, id: str) -> Trusted | None:
        return self._by_id.get(id)

    def read(self, file: Path) -> None:
        """Trust what a file holds."""
        try:
            raw = file.read_bytes().decode()
        except OSError as error:
            raise broken(file, error.strerror or "cannot be read") from None
        except UnicodeDecodeError:
            raise broken(file, "is not UTF-8") from None
        if file.suffix == ".json":
            self.add_manifest(file, raw)
        else:
            self._add_document(file, raw)

    def add_manifest(self, file: Path, raw: str) -> None:
        """Trust the documents of a client's manifest."""
        try:
            entries = manifests.read(raw)
        except BadManifest as error:
            raise broken(file, str(error), line=error.line) from None
        for entry in entries:
            self._add_entry(file, entry, manifests.line_of_entry(raw, entry))

    def _add_document(self, file: Path, text: str) -> None:
        try:
            document = self._valid(text)
        except _Invalid as error:
            raise broken(file, str(error), line=error.line) from None
        taken = {name for found in self._ours for name in found.operations}
        if again := sorted(taken.intersection(named(document))):
            raise broken(file, f"another file has an operation {again[0]} too")
        found = Trusted(digest(text), text, document, named(document), shown(file))
        self._add(file, found)
        self._ours.append(found)
        for name, printed in apollo_texts(document).items():
            same = self._valid(printed)
            self._add(file, Trusted(digest(printed), printed, same, (name,), shown(file)))

    def _add_entry(self, file: Path, entry: Entry, line: int | None) -> None:
        told = entry.name or entry.id
        try:
            document = self._valid(entry.text)
        except _Invalid as error:
            inside = f", line {error.line}" if error.line else ""
            raise broken(file, f"{told}{inside}: {error}", line=line) from None
        names, kinds = named(document), [node.operation.value for node in operations(document)]
        if entry.name is not None and (names != (entry.name,) or kinds != [entry.kind]):
            why = f"{told}: the body is not one {entry.kind} of that name"
            raise broken(file, why, line=line)
        self._add(file, Trusted(entry.id, entry.text, document, names, shown(file)), line)

    def _add(self, file: Path, trusted: Trusted, line: int | None = None) -> None:
        """Under its id, and under the SHA-256 of its text, with the prefix of the draft too."""
        for id in (trusted.id, trusted.digest, f"sha256:{trusted.digest}"):
            known = self._by_id.get(id)
            if known is not None and known.text != trusted.text:
                raise broken(file, f"{id} is another document in {known.source}", line=line)
            self._by_id.setdefault(id, trusted)

    def _valid(self, text: str) -> DocumentNode:
        return _validated(text, self._rules)


@lru_cache(maxsize=256)  # applications that are made in one process read the same files
def _validated(text: str, rules: tuple[type[ASTValidationRule], ...]) -> DocumentNode:
    """The tree of a text; _Invalid where it could not be answered."""
    try:
        document = parsed(text, Limits())
    except Rejected as rejected:
        raise _Invalid(rejected.errors[0]) from None
    if errors := validate(CONTRACT, document, rules):
        raise _Invalid(errors[0])
    for node in operations(document):
        if node.name is None:
            raise _Invalid(GraphQLError("an operation has no name", nodes=node))
        points = priced(CONTRACT, document, node).of({})
        if points > max(BUDGETS.values()):
            costs = f"{node.name.value} costs {points} points: nobody may spend that"
            raise _Invalid(GraphQLError(costs, nodes=node))
    if not named(document):
        raise _Invalid(GraphQLError("there is no operation"))
    return document


class _Invalid(Exception):
    """A text that is no document which could be answered."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(said(error))
        self.line = line_of(error)


def load(settings: Settings, *, without: Path | None = None) -> Registry:
    """Read all trusted documents; BrokenDocument for the first that no longer validates."""
    registry = Registry(open_schema=settings.introspects)
    for file in (*sorted(OURS.rglob("*.graphql")), *imported(settings)):
        if file != without:
            registry.read(file)
    return registry


def imported(settings: Settings) -> Iterable[Path]:
    """The files of clients."""
    directory = settings.documents_directory
    if not directory.is_dir():
        if settings.documents_dir is not None:
            raise BrokenDocument(f"NEXUS_DOCUMENTS_DIR: there is no directory {directory}")
        return []
    return sorted(each for each in directory.iterdir() if each.suffix in (".json", ".graphql"))
