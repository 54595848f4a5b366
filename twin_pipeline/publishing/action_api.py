"""CKAN's Action API: an action's name and data in JSON go there, its result comes back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from twin_pipeline.errors import OutputError

_TIMEOUT_S = 60.0
_MOST_BYTES = 50_000_000
_LONGEST = 400


class AbsentError(Exception):
    """The server has no such thing."""


class RefusedError(OutputError):
    """The server doesn't do what was asked, and says why."""


class _NoRedirect(HTTPRedirectHandler):
    """Follows nothing: a key is for the server that was named, and for no other."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Take no redirection; it becomes an error."""


@dataclass(frozen=True, slots=True)
class ActionApi:
    """A CKAN server."""

    url: str
    """Without a slash at its end."""
    key: str | None = field(default=None, repr=False)

    def call(self, action: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Return the result of an action.

        Raises
        ------
        AbsentError
            When there is no such thing.
        RefusedError
            When the server refuses.
        OutputError
            When no CKAN server answers.
        """
        what = f"{self.url}: {action} {data.get('name', data.get('id', ''))}"
        headers = {"Content-Type": "application/json", "User-Agent": "twin-pipeline"}
        if self.key is not None:
            headers["Authorization"] = self.key
        request = Request(  # noqa: S310 - http and https only, see Portal.at
            f"{self.url}/api/3/action/{action}",
            json.dumps(data, ensure_ascii=False).encode(),
            headers,
        )
        try:
            with build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S) as answer:
                content = answer.read(_MOST_BYTES)
        except HTTPError as error:
            with error:
                content = error.read(_MOST_BYTES)
            raise _failure(what, error.code, content) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise OutputError(
                f"{what}: no answer ({reason}); check the address and the network"
            ) from error
        return _result(what, content)


def _result(what: str, content: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        answer = json.loads(content)
        if answer["success"]:
            return answer["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_ckan(what) from error
    raise RefusedError(f"{what}: refused: {_told(answer)}")


def _failure(what: str, code: int, content: bytes) -> Exception:
    try:
        answer = json.loads(content)
        answer["success"], answer["error"]
    except (ValueError, KeyError, TypeError):
        return _no_ckan(f"{what}: HTTP {code}")
    if code == 404:
        return AbsentError(what)
    if code in (401, 403):
        return RefusedError(
            f"{what}: not allowed; check the key in CKAN_API_KEY, and its rights in the "
            "organization that publish.ckan_organization names"
        )
    return RefusedError(f"{what}: refused: {_told(answer)}")


def _told(answer: Mapping[str, Any]) -> str:
    """Return in a line what an answer says of an error."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return " ".join(str(error).split())[:_LONGEST]
    parts = [f"{key}: {value}" for key, value in error.items() if not key.startswith("__")]
    return " ".join("; ".join(parts).split())[:_LONGEST]


def _no_ckan(what: str) -> OutputError:
    return OutputError(f"{what}: no answer of a CKAN server; give its address with --ckan-url")
