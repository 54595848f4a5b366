"""A CKAN server: what would change on it, and the change itself."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from twin_pipeline.errors import UsageError
from twin_pipeline.publishing.action_api import AbsentError, ActionApi

KEY = "CKAN_API_KEY"
"""Environment variable that holds the key; it is told nowhere else."""

_UNORDERED = ("tags", "extras")

Package = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a package."""

    name: str
    action: str
    """create, update or keep."""

    def to_dict(self) -> dict[str, str]:
        """Return it JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Portal:
    """A CKAN server and what can be done there."""

    api: ActionApi

    @classmethod
    def at(cls, url: str, *, upload: bool) -> "Portal":
        """Prepare to ask a server; nothing is sent yet.

        Raises
        ------
        UsageError
            When the address is none, or the key is missing.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError(
                "--ckan-url: give the address of a CKAN server, http:// or https://, without a key"
            )
        key = os.environ.get(KEY) or None
        if upload and key is None:
            raise UsageError(f"--ckan-upload needs a key of the server in {KEY}")
        return cls(ActionApi(url.rstrip("/"), key))

    def bring(self, packages: Sequence[Package], *, upload: bool) -> list[Change]:
        """Bring packages to the server, or say what that would change.

        What others have added to a package there stays; a resource keeps its id as long as it
        keeps its name.

        Raises
        ------
        OutputError
            When the server can't be reached or refuses.
        """
        return [self._brought(package, upload=upload) for package in packages]

    def _brought(self, package: Package, *, upload: bool) -> Change:
        name = package["name"]
        try:
            present: Package = self.api.call("package_show", {"id": name})
        except AbsentError:
            if upload:
                self.api.call("package_create", package)
            return Change(name, "create")
        changed = _merged(package, present)
        if not _differs(changed, _with_named_owner(present)):
            return Change(name, "keep")
        if upload:
            self.api.call("package_patch", {"id": present["id"], **changed})
        return Change(name, "update")


def _merged(package: Package, present: Package) -> Package:
    """Return our package with the ids of the resources that are there, and others' extras."""
    ids = {each.get("name"): each.get("id") for each in present.get("resources", [])}
    resources = [
        {**each, "id": ids[each["name"]]} if ids.get(each["name"]) else each
        for each in package["resources"]
    ]
    ours = {each["key"] for each in package["extras"]}
    others = [
        {"key": each["key"], "value": each["value"]}
        for each in present.get("extras", [])
        if each["key"] not in ours
    ]
    tags = {each["name"] for each in package["tags"]}
    added = [{"name": each["name"]} for each in present.get("tags", []) if each["name"] not in tags]
    merged = {**package, "resources": resources}
    return merged | {
        "extras": [*package["extras"], *others],
        "tags": [*package["tags"], *added],
        "state": "active",
    }


def _with_named_owner(present: Package) -> Package:
    """Return a package with the name of its organization, where CKAN has its id."""
    owner = present.get("organization") or {}
    return present | {"owner_org": owner.get("name", present.get("owner_org"))}


def _differs(wanted: Any, present: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether something that we want is otherwise there; what only the server has is no matter."""
    if isinstance(wanted, dict) and isinstance(present, dict):
        return any(
            _differs(_plain(key, each), _plain(key, present.get(key)))
            for key, each in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(present, list):
        return len(wanted) != len(present) or any(
            _differs(a, b) for a, b in zip(wanted, present, strict=True)
        )
    return str(wanted) != str(present)


def _plain(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return lists that have no order in one."""
    if key in _UNORDERED and isinstance(value, list):
        return sorted(value, key=lambda each: str(each.get("key", each.get("name"))))
    return value
