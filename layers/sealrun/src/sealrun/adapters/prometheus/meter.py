"""Counts and times as Prometheus reads them; every label has a fixed set of values."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mina import tokens
from sealrun import errors
from sealrun.offers.asset import asset_of
from sealrun.runs.record import Record, State

# A receipt comes after seconds for a short job, and after hours for a long one.
RECEIPT_SECONDS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
ANSWER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OTHER = "other"


class PrometheusMeter:
    """``sealrun.ports.meter.Meter`` over one registry, which ``registry`` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter("sealrun_calls", "Calls that were accepted.", registry=self.registry)
        self._refused = Counter(
            "sealrun_refusals", "Requests that were refused.", ["type"], registry=self.registry
        )
        self._ended = Counter(
            "sealrun_calls_ended", "Calls that are over.", ["state"], registry=self.registry
        )
        self._due = Counter(
            "sealrun_due",
            "What became due, by the token's id: MINA, or a token's smallest units.",
            ["asset"],
            registry=self.registry,
        )
        self._gauges = {
            "OffersUnavailable": self._gauge("sealrun_offers_unavailable", "Offers that take no calls now."),
            "ReceiptsLate": self._gauge(
                "sealrun_receipts_late", "Calls whose receipt should be there by now."
            ),
        }
        self._times = {
            "TriggerLatency": Histogram(
                "sealrun_accept_seconds",
                "From a call's arrival to its answer.",
                buckets=ANSWER_SECONDS,
                registry=self.registry,
            )
        }
        self._receipts = Histogram(
            "sealrun_receipt_seconds",
            "From a call's claim to its receipt.",
            buckets=RECEIPT_SECONDS,
            registry=self.registry,
        )
        self._types = _types()
        for state in State:
            if state.over:
                self._ended.labels(state.value)

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Of the names that functions use; one that is unknown here is not counted."""
        if name == "Calls":
            self._calls.inc(value)
        elif name == "Refused":
            kind = dimensions.get("type", "")
            self._refused.labels(kind if kind in self._types else OTHER).inc(value)
        elif name in self._gauges:
            self._gauges[name].set(value)

    def milliseconds(self, name: str, value: float) -> None:
        if name in self._times:
            self._times[name].observe(value / 1000)

    def ended(self, record: Record, now: int) -> None:
        """Count a call that is over now."""
        self._ended.labels(record.state.value).inc()
        self._receipts.observe(max(0, now - record.claimed_at))
        if record.state is State.SUCCEEDED and record.price:
            asset = asset_of(tokens.from_base58(record.asset))
            self._due.labels(asset.id).inc(record.price / asset.scale)

    def show(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a gauge that is read whenever somebody looks."""
        self.registry.register(_Read(name, text, read))

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)


class _Read(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        self._name, self._text, self._read = name, text, read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._text)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            value = self._read()
        except errors.SealrunError:  # no value is better than no metrics
            return
        yield GaugeMetricFamily(self._name, self._text, value=value)


def _types() -> frozenset[str]:
    """The types of all problems."""
    known, waiting = set(), [errors.SealrunError]
    while waiting:
        kind = waiting.pop()
        known.add(kind.type)
        waiting += kind.__subclasses__()
    return frozenset(known)
