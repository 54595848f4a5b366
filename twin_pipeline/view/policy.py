"""Who may ask the viewer's server, and whom the viewer's page may ask."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from twin_pipeline.errors import UsageError

LOOPBACK = "127.0.0.1"
_ORIGIN = re.compile(r"(https?://)?(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")

_POLICY = {
    "default-src": ["'none'"],
    # Decoders (meshopt, Draco, Basis) are WebAssembly.
    "script-src": ["'self'", "'wasm-unsafe-eval'"],
    "worker-src": ["'self'"],
    "style-src": ["'self'"],
    # Textures inside tiles become blob: images.
    "img-src": ["'self'", "data:", "blob:"],
    # Buffers embedded in tiles are unpacked through data: and blob: addresses.
    "connect-src": ["'self'", "data:", "blob:"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
}
_FOR_LAYERS = ("img-src", "connect-src")

DATA_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For what lies in the output folder: reports have their style in themselves, and nothing runs."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the user opens beyond the default: this machine only, no other host."""

    host: str = LOOPBACK
    """Address to listen on."""
    cors: bool = False
    """Whether pages of other origins may read the data, as TerriaJS does."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts from which the viewer's page may load layers."""

    def __post_init__(self) -> None:
        for host in self.allowed_hosts:
            if not _ORIGIN.fullmatch(host):
                raise UsageError(
                    f"--allow-host {host}: is no host; give a name such as tiles.example.jp, "
                    "without a path"
                )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def content_security_policy(self, layer_hosts: Sequence[str] = ()) -> str:
        """Return the header that keeps the page from reaching any other host.

        Parameters
        ----------
        layer_hosts
            Hosts of layers that somebody has added to the output folder's catalogue.
        """
        added = {name: [*layer_hosts, *self.allowed_hosts] for name in _FOR_LAYERS}
        return "; ".join(
            f"{name} {' '.join([*sources, *added.get(name, [])])}"
            for name, sources in _POLICY.items()
        )

    def admits(self, host_header: str | None, port: int) -> bool:
        """Return whether a request to this name is meant for this server.

        Another site's script may reach the port under a name of its own (DNS rebinding), but not
        under an address.
        """
        if self.is_local:
            names = (self.host, LOOPBACK, "localhost", "[::1]")
            return host_header in {f"{name}:{port}" for name in names}
        name = re.sub(r":\d+$", "", host_header or "").strip("[]")
        if name in ("localhost", self.host):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
