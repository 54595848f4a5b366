"""Asking an address that the user has named: bounded in time and size, and no other host."""

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from twin_pipeline.errors import InputError

_SECONDS = 15.0
_PAGE = "http://127.0.0.1"
"""As whose page the viewer will ask."""


class UnreachableError(Exception):
    """Nobody answers: the network or the host is away."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered."""

    body: bytes
    media_type: str
    shared: bool
    """Whether pages of other hosts may read it."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirections only where the user has sent us."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (before.scheme, before.netloc) != (after.scheme, after.netloc):
            fp.close()
            raise InputError(
                f"{req.full_url}: sends on to {after.scheme}://{after.netloc}, which nobody has "
                f"named; give {newurl} itself if that is meant"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask(address: str, most_bytes: int) -> Answer:
    """Return the answer of an address.

    Raises
    ------
    UnreachableError
        When nobody answers.
    InputError
        When the answer is an error, too large, or sends on to another host.
    """
    headers = {"User-Agent": "twin-pipeline", "Origin": _PAGE, "Accept": "*/*"}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - http(s), see origin_of
    opener = urllib.request.build_opener(_SameHost())
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            body = answer.read(most_bytes + 1)
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            media_type = answer.headers.get_content_type()
    except urllib.error.HTTPError as error:
        error.close()
        raise InputError(f"{address}: answers with HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise UnreachableError(_reason(error.reason)) from error
    except (OSError, HTTPException, ssl.SSLError) as error:
        raise UnreachableError(_reason(error)) from error
    if len(body) > most_bytes:
        raise InputError(f"{address}: is larger than {most_bytes >> 20} MB")
    return Answer(body, media_type, allowed in ("*", _PAGE))


def _reason(error: object) -> str:
    strerror = getattr(error, "strerror", None)
    return " ".join(str(strerror or error).split())[:100] or type(error).__name__
