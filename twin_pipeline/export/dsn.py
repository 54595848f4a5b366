"""Where a database is, without telling anybody the password."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MASK = "***"
_SECRETS = ("password", "sslpassword", "passfile")
_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)")


def masked(dsn: str) -> str:
    """Return a connection string (URI or key=value pairs) with its passwords masked.

    What can't be told apart is masked as a whole.
    """
    if "://" in dsn:
        return _masked_uri(dsn)
    if _PAIR.sub("", dsn).strip():
        return MASK
    return _PAIR.sub(lambda pair: f"{pair[1]}={MASK if pair[1] in _SECRETS else pair[2]}", dsn)


def is_masked(dsn: str) -> bool:
    """Tell whether a connection string has been through `masked` and lost a password there."""
    return MASK in dsn


def _masked_uri(dsn: str) -> str:
    try:
        parts = urlsplit(dsn)
        at_the_end = parts.path + parts.query + parts.fragment
        if "@" in at_the_end or parts.fragment:
            return MASK  # a password with / ? or # that is not written as %2F, %3F, %23
        query = [(k, MASK if k in _SECRETS else v) for k, v in parse_qsl(parts.query)]
    except ValueError:
        return MASK
    user, found, host = parts.netloc.rpartition("@")
    name, has_password, _ = user.partition(":")
    place = f"{name}{f':{MASK}' if has_password else ''}{found}{host}"
    return urlunsplit((parts.scheme, place, parts.path, urlencode(query, safe="*"), ""))
