"""What is told of jobs that were asked for over HTTP: nothing is posted, for whoever asked looks, or has a webhook."""

from __future__ import annotations

from workflows.deliver import Parcel
from workflows.keys import SURFACE
from workflows.view import JobView


class WebCourier:
    """Takes everything as delivered."""

    surface = SURFACE

    async def deliver(self, parcel: Parcel) -> str | None:
        """There is no place that it could be posted to."""
        del parcel
        return None

    def elsewhere(self, job: JobView, /) -> str | None:
        """Nor any other."""
        del job
        return None
