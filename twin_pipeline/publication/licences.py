"""Licences of open data, by their names in SPDX, and what STAC, DCAT and CKAN call them."""

from dataclasses import dataclass

from twin_pipeline.errors import UsageError
from twin_pipeline.publication.options import PublishOptions

_CC = "https://creativecommons.org"
_ODC = "https://opendatacommons.org/licenses"


@dataclass(frozen=True, slots=True)
class Licence:
    """Under what the data may be used."""

    name: str
    url: str
    ckan: str
    """Its id in CKAN's own list of licences."""
    spdx: bool = True
    """Whether `name` is one that SPDX, and so STAC, knows."""


_KNOWN = (
    Licence("CC-BY-4.0", f"{_CC}/licenses/by/4.0/", "cc-by"),
    Licence("CC-BY-SA-4.0", f"{_CC}/licenses/by-sa/4.0/", "cc-by-sa"),
    Licence("CC0-1.0", f"{_CC}/publicdomain/zero/1.0/", "cc-zero"),
    Licence("ODbL-1.0", f"{_ODC}/odbl/1-0/", "odc-odbl"),
    Licence("ODC-By-1.0", f"{_ODC}/by/1-0/", "odc-by"),
    Licence("PDDL-1.0", f"{_ODC}/pddl/1-0/", "odc-pddl"),
    Licence(
        "PDL-1.0",
        "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0",
        "other-at",
        spdx=False,
    ),
)


def licence_of(options: PublishOptions) -> Licence | None:
    """Return the licence that the options name, None where they name none.

    Raises
    ------
    UsageError
        When it is unknown and nothing says where its text is.
    """
    if options.licence is None:
        if options.licence_url is not None:
            raise UsageError("publish.licence_url is given without publish.licence: name it, too")
        return None
    wanted = options.licence.casefold()
    for known in _KNOWN:
        if known.name.casefold() == wanted:
            return known
    if options.licence_url is None:
        names = ", ".join(known.name for known in _KNOWN)
        raise UsageError(
            f"publish.licence = {options.licence!r}: is none of {names}; give publish.licence_url "
            "with it, where its text is"
        )
    return Licence(options.licence, options.licence_url, "other-closed", spdx=False)
