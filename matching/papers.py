"""Which papers does a client want of whoever works for it in a way? Of each, one of its kinds is enough."""

from collections.abc import Mapping
from typing import Any

from matching.errors import PolicyError
from matching.usage import ENGAGEMENTS

#: So many papers of a way, and so many kinds of which one is enough.
MOST_PAPERS = 10

#: Kinds of credential, in their order; whoever has one of them has the paper.
Paper = tuple[str, ...]


def papers_from(document: Mapping[str, Any]) -> dict[str, tuple[Paper, ...]]:
    """The papers of a stored document, by way: an entry is a kind of credential, or a list of which one is enough."""
    return {
        way: tuple(sorted({(each,) if isinstance(each, str) else tuple(sorted(each)) for each in entries}))
        for way, entries in document.items()
    }


def check_papers(document: Any) -> dict[str, tuple[Paper, ...]]:
    """The same of a document that somebody sends.

    Raises
    ------
    PolicyError
        When it names another way, or an entry is neither a kind nor several.
    """
    if not isinstance(document, dict) or document.keys() - set(ENGAGEMENTS):
        raise PolicyError(f"limits.papers: an object that has {', '.join(ENGAGEMENTS)} at most")
    for way, entries in document.items():
        if not isinstance(entries, list) or len(entries) > MOST_PAPERS:
            raise PolicyError(f"limits.papers.{way}: a list of at most {MOST_PAPERS} kinds of credential")
        for num, each in enumerate(entries):
            _check_paper(f"limits.papers.{way}[{num}]", each)
    return papers_from(document)


def _check_paper(path: str, entry: Any) -> None:
    if isinstance(entry, str):
        return
    if not isinstance(entry, list) or not all(isinstance(kind, str) for kind in entry):
        raise PolicyError(
            f"{path}: {entry!r} is neither a kind of credential nor a list of kinds of which one is enough"
        )
    if not 2 <= len(set(entry)) == len(entry) <= MOST_PAPERS:
        raise PolicyError(f"{path}: one of several means 2 to {MOST_PAPERS} kinds of credential, each once")
