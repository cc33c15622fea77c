"""Metrics for CloudWatch, each as a line of the log in the embedded metric format: it takes no request.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time


class Meter:
    """Writes metrics of one namespace; with an empty one it writes nothing."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Add to a count. Each set of dimensions is a separate metric, and each metric costs money."""
        self._write(name, "Count", value, dimensions)

    def milliseconds(self, name: str, value: float) -> None:
        """How long something took."""
        self._write(name, "Milliseconds", value, {})

    def _write(self, name: str, unit: str, value: float, dimensions: dict[str, str]) -> None:
        if not self._namespace:
            return
        metric = {
            "Namespace": self._namespace,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": name, "Unit": unit}],
        }
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
        sys.stdout.write(json.dumps({"_aws": about, **dimensions, name: [float(value)]}) + "\n")
