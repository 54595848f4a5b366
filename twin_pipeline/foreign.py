"""A cluster that somebody else runs: whether it can do the work of a run, and why not."""

import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin_pipeline import __version__
from twin_pipeline.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

_KNOCK_S = 10.0
_WAIT_S = 60.0
_HERE = "or leave the flag out to work on this machine"


@contextmanager
def joined(address: str, folder: Path) -> Iterator["Client"]:
    """Yield a client of a running scheduler whose workers can do sites' work into a folder.

    Raises
    ------
    ClusterError
        When no scheduler answers, it has another version of Dask, it has no workers, or these
        don't see the folder or don't have this version of the program.
    """
    with _client(address) as client:
        _require_workers(client, address)
        _require_dask(client, address)
        _require_able(client, address, folder)
        yield client


def _client(address: str) -> "Client":
    import distributed

    keys = "Dask's settings for TLS" if address.startswith("tls") else "the address"
    try:
        _knock(address)
        with warnings.catch_warnings():  # of packages that the scheduler needn't have
            warnings.simplefilter("ignore")
            return distributed.Client(address, timeout=_WAIT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"--scheduler {address}: no scheduler answers there ({error}); check {keys}, {_HERE}"
        ) from error
    except Exception as error:  # whatever another version answers
        raise ClusterError(
            f"--scheduler {address}: can't be joined ({_said(error)}); check {keys}, and that its "
            f"Dask is {distributed.__version__} like this one, {_HERE}"
        ) from error


def _knock(address: str) -> None:
    """Raise OSError at once where nobody listens; Dask would go on trying."""
    protocol, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if protocol in ("tcp", "tls"):
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def _require_workers(client: "Client", address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except (TimeoutError, OSError) as error:
        raise ClusterError(f"--scheduler {address}: has no workers; start some") from error


def _require_dask(client: "Client", address: str) -> None:
    """Raise ClusterError unless all of the cluster has this version of Dask.

    Others misunderstand each other late, in words that nobody understands, or wait for ever.
    """
    told = client.get_versions(check=False)
    found = {"its scheduler": told["scheduler"]}
    found |= {f"worker {worker}": versions for worker, versions in told["workers"].items()}
    mine = told["client"]["packages"]["distributed"]
    for who, versions in found.items():
        its = versions["packages"]["distributed"]
        if its != mine:
            raise ClusterError(
                f"--scheduler {address}: {who} has Dask {its}, this machine {mine}: install "
                f"distributed=={its} here, or {mine} there, {_HERE}"
            )


def _require_able(client: "Client", address: str, folder: Path) -> None:
    try:
        version = client.run_on_scheduler(_version)
    except Exception as error:  # noqa: BLE001 - whatever is missing there
        version = error
    if version != __version__:
        lack = _lack([version, True] if isinstance(version, str) else version, folder)
        raise ClusterError(f"--scheduler {address}: its scheduler {lack}")
    for worker, told in client.run(_standing, str(folder), on_error="return").items():
        if told != [__version__, True]:
            raise ClusterError(f"--scheduler {address}: worker {worker} {_lack(told, folder)}")


def _version() -> str:
    """Tell the version of the program on the scheduler, which looks into what it hands out."""
    return __version__


def _standing(folder: str) -> list[Any]:
    """Tell the version of the program on a worker, and whether it sees a folder."""
    return [__version__, Path(folder).is_dir()]


def _lack(told: object, folder: Path) -> str:
    """Return what is wrong with a worker, from what it told or the error that it gave instead."""
    match told:
        case [str(version), bool()] if version == __version__:
            return (
                f"doesn't see {folder.parent.parent}; output and scans must lie on storage that "
                "all workers share, under the same path"
            )
        case [str(version), bool()]:
            held = f"has twin-pipeline {version}"
        case _:
            held = f"can't run twin-pipeline ({_said(told)})"
    python = ".".join(map(str, sys.version_info[:2]))
    return f"{held}; install twin-pipeline {__version__} there, for Python {python}"


def _said(error: object) -> str:
    return " ".join(str(error).split())[:200]
