"""Where the broker is, for boxes that are told so by hand."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from onebook_schemas.tls import TlsFiles


class BrokerSettings(BaseModel):
    """Where the MQTT broker is. Leave the table out on an enrolled box: enrolment has said it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Name or IP address of the broker.")
    port: int = Field(default=1883, gt=0, lt=65536, description="TCP port of the broker.")
    tls: TlsFiles | None = Field(
        default=None, description="Certificates of an authority of your own; an enrolled box has its own without this."
    )
