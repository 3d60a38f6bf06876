"""How is something posted to a carrier? Once, in time, without following anybody elsewhere."""

import httpx2

_TIMEOUT_S = 10.0
#: More of an answer is not read: nothing that a carrier has to say is longer.
_MAX_ANSWER_BYTES = 64_000
#: Refusals that are of the moment, whoever is asked.
_LATER = (408, 409, 423, 425, 429)


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and answer.

    Raises
    ------
    httpx2.HTTPError
        When nobody answered in time, or not in HTTP.
    """
    with (
        httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, content=body, headers=headers) as response,
    ):
        answer = b""
        for part in response.iter_bytes():
            answer += part
            if len(answer) > _MAX_ANSWER_BYTES:
                break
        return response.status_code, answer


def may_work_later(status: int) -> bool:
    """Whether the same request may be answered otherwise in a while."""
    return status >= 500 or status in _LATER
