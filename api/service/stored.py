"""What routes share: what the service holds, a machine of its store, the revision that a write expects."""

import re
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from api.failures import BadRequest
from api.service.holdings import Holdings
from skb.knowledge import KnowledgeBase
from skb.store.store import Store

_ETAG = re.compile(r'\s*(?:W/)?"?(\d{1,18})"?\s*', re.ASCII)


def holdings_of(request: Request) -> Holdings:
    holdings = request.app.state.holdings
    assert isinstance(holdings, Holdings)
    return holdings


def store_of(request: Request) -> Store:
    return holdings_of(request).store


def knowledge_of(
    machine: Annotated[str, Path(max_length=400)], store: Annotated[Store, Depends(store_of)]
) -> KnowledgeBase:
    """Raises UnknownMachine, and BadRequest for a name that is no text."""
    try:
        machine.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadRequest("the machine's name is no text", code="bad_name") from error
    return store.knowledge(machine)


def expected_revision(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """The store's revision that `If-Match` names. Raises BadRequest for anything else."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match)
    if found is None:
        raise BadRequest('the If-Match header is no revision; "7" is accepted', code="bad_if_match")
    return int(found[1])


HoldingsHere = Annotated[Holdings, Depends(holdings_of)]
StoreHere = Annotated[Store, Depends(store_of)]
KnowledgeHere = Annotated[KnowledgeBase, Depends(knowledge_of)]
ExpectedRevision = Annotated[int | None, Depends(expected_revision)]
