"""How viewers show a run."""

from pydantic import BaseModel, ConfigDict, Field


class ViewOptions(BaseModel):
    """Options of the catalogues for other viewers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s\"<>]+$",
        description="address under which the output folder will be served, for absolute addresses "
        "in the catalogues; without it they are relative",
    )

    @property
    def base_url(self) -> str:
        """What to put before a relative address: "" or an address that ends with a slash."""
        return "" if self.public_url is None else self.public_url.rstrip("/") + "/"
