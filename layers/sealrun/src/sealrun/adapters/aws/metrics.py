"""Metrics for CloudWatch, each as a line of the log in the embedded metric format: it takes no request."""

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit


class Meter:
    """Writes metrics of one namespace; with an empty one it writes nothing."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Add to a count. Each set of dimensions is a separate metric, and each metric costs money."""
        self._write(name, MetricUnit.Count, value, dimensions)

    def milliseconds(self, name: str, value: float) -> None:
        """How long something took."""
        self._write(name, MetricUnit.Milliseconds, value, {})

    def _write(self, name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
        if not self._namespace:
            return
        with single_metric(name=name, unit=unit, value=value, namespace=self._namespace) as metric:
            for dimension, text in dimensions.items():
                metric.add_dimension(dimension, text)
