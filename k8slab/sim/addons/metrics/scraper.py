"""Who asks others for their figures, now and then."""

from abc import ABC, abstractmethod

from k8slab.sim.kernel import Kernel, Timer

__all__ = ["PERIOD", "Scraper"]

PERIOD = 15.0  #: seconds between two scrapes (metrics-server: --metric-resolution; Prometheus: scrape_interval)


class Scraper(ABC):
    """Scrapes once when it starts and then every 15 s of the cluster's time.

    Attributes
    ----------
    running
        Whether it scrapes, and answers.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.running = False
        self._timer: Timer | None = None

    def start(self) -> None:
        """Scrape now and every 15 s."""
        self.running = True
        self._timer = self._kernel.call_later(PERIOD, self.start)
        self.scrape()

    def stop(self) -> None:
        """Scrape no longer, and answer nobody."""
        self.running = False
        if self._timer is not None:
            self._timer.cancel()

    @abstractmethod
    def scrape(self) -> None:
        """Ask everybody who can be asked."""
