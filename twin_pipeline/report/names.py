"""What is known of reports without what makes them."""

REPORT = "report.html"
"""The report's name, in the output folder and in the folder of a site."""

MOST_SITES = 50
"""Up to so many sites are told on one page; of more, each has a page of its own."""


def is_paged(sites: int) -> bool:
    """Whether so many sites have a report each, beside the one that names them all."""
    return sites > MOST_SITES
