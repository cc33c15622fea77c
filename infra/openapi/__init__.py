"""The OpenAPI 3.1 description of the public API, made from the functions' handlers and one table.

``python -m infra.openapi`` writes ``functions/receipt/openapi.json``, which that function publishes as
``GET /openapi.json``. A new route is a decorator in a handler and one entry in ``routes.py``.
"""
