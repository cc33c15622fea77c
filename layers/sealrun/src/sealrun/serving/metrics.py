"""Where Prometheus asks: an address of its own, because counts of calls and money are for the operator."""

from prometheus_client import CollectorRegistry, start_http_server


class MetricsServer:
    """Serves ``/metrics`` from construction until ``stop``."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        """Port 0 takes a free one. Raises OSError where the address cannot be bound."""
        self._server, self._thread = start_http_server(port, host, registry=registry)
        self.url = f"http://{host}:{self._server.server_port}/metrics"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
