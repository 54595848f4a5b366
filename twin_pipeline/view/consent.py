"""Which other hosts the user of the page has allowed, with a click, for layers they have added.

The page keeps them in a cookie of the session, which no other site can set, and loads itself anew:
a policy can't be widened in a page that is open.
"""

import re
from urllib.parse import unquote

_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", re.IGNORECASE)
_MOST = 32


def cookie_name(port: int) -> str:
    """Return the cookie's name: cookies are shared by all ports of a host."""
    return f"twin-pipeline-hosts-{port}"


def consented_origins(cookies: str | None, port: int) -> tuple[str, ...]:
    """Return scheme, host and port of each host in a Cookie header; what is none is left out."""
    for part in (cookies or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == cookie_name(port):
            found = [origin for origin in unquote(value).split("|") if _ORIGIN.fullmatch(origin)]
            return tuple(dict.fromkeys(found))[:_MOST]
    return ()
