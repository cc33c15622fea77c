"""receipt.intoto.jsonl as packages that nobody here wrote see it: securesystemslib, in-toto-attestation.

in-toto-attestation 0.9.3 has messages for statements and for SLSA provenance v1, none for the runtime trace:
of that one the package checks the statement and every resource descriptor in it, and the names of its members
are compared with https://github.com/in-toto/attestation/blob/main/spec/predicates/runtime-trace.md.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.json_format import Parse, ParseDict  # type: ignore[import-untyped]
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance  # type: ignore[import-untyped]
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor  # type: ignore[import-untyped]
from in_toto_attestation.v1.resource_descriptor_pb2 import ResourceDescriptor as Descriptor  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement import Statement  # type: ignore[import-untyped]
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage  # type: ignore[import-untyped]
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from sealrun.evidence.leaves import Leaf
from sealrun.receipts.receipt import SignedReceipt
from sealrun.receipts.statements import PAYLOAD_TYPE, envelope, open_envelopes, pae
from tests.broken.make import kept
from tests.broken.sale import Files, good_sale
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.world import BUYER, ORACLE

KEY = FakeOracle(ORACLE).statement_key
NOT_ASCII = "bäuen/dist/öut — 1.txt"


def sslib_key(key: bytes = KEY) -> SSlibKey:
    return SSlibKey(key.hex(), "ed25519", "ed25519", {"public": key.hex()})


def envelopes(files: Files) -> list[Envelope]:
    """The lines as securesystemslib reads them."""
    return [Envelope.from_dict(json.loads(line)) for line in files["receipt.intoto.jsonl"].splitlines()]


@pytest.fixture(scope="module", params=["good", NOT_ASCII])
def files(request: pytest.FixtureRequest) -> Files:
    """A good folder; in the second one an output has a name that is longer in bytes than in characters."""
    if request.param == "good":
        return kept("good")
    sale = good_sale()
    first, *rest = sale.outputs
    return replace(sale, outputs=(replace(first, label=NOT_ASCII), *rest)).folder()


@pytest.fixture(scope="module")
def payloads(files: Files) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in envelopes(files)]


def test_securesystemslib_verifies_each_envelope(files: Files) -> None:
    found = envelopes(files)
    assert [one.payload_type for one in found] == [PAYLOAD_TYPE] * 2
    for one in found:
        assert list(one.verify([sslib_key()], 1)) == [KEY.hex()]
        assert one.pae() == pae(one.payload)


def test_securesystemslib_refuses_another_key_and_a_changed_payload(files: Files) -> None:
    for one in envelopes(files):
        with pytest.raises(VerificationError):
            one.verify([replace_key(FakeOracle(BUYER).statement_key)], 1)
        one.payload = one.payload.replace(b'"sha256"', b'"sha512"', 1)
        with pytest.raises(VerificationError):
            one.verify([sslib_key()], 1)


def replace_key(key: bytes) -> SSlibKey:
    """A key that pretends to be the oracle's."""
    return SSlibKey(KEY.hex(), "ed25519", "ed25519", {"public": key.hex()})


def test_both_sides_read_and_write_the_same_envelope(files: Files) -> None:
    lines = files["receipt.intoto.jsonl"].splitlines()
    for line, one in zip(lines, envelopes(files), strict=True):
        assert one.to_dict() == json.loads(line)
    assert open_envelopes(files["receipt.intoto.jsonl"], key=KEY) == [one.payload for one in envelopes(files)]
    payload = "ß".encode()
    signature = FakeOracle(ORACLE).sign_statement(pae(payload))
    other = Envelope.from_dict(json.loads(envelope(payload, key=KEY, signature=signature)))
    assert other.verify([sslib_key()], 1)


def test_in_toto_attestation_reads_and_validates_each_statement(files: Files) -> None:
    kinds = []
    for one in envelopes(files):
        message = Parse(one.payload, StatementMessage())  # an unknown member is an error
        Statement.copy_from_pb(message).validate()
        kinds.append(message.predicate_type)
    assert kinds == ["https://slsa.dev/provenance/v1", "https://in-toto.io/attestation/runtime-trace/v0.1"]


def test_in_toto_attestation_reads_the_provenance_as_slsa_v1(payloads: list[dict[str, Any]]) -> None:
    found = ParseDict(payloads[0]["predicate"], Provenance())  # an unknown member is an error
    sale = good_sale()
    source = sale.offer.source
    assert found.build_definition.build_type == "urn:sealrun:build:gitlab:v1"
    repository, configuration = found.build_definition.resolved_dependencies
    assert repository.uri == f"git+{source.origin}/projects/{source.project}@{source.ref}"
    assert dict(repository.digest) == {"gitCommit": source.commit, "gitTree": source.tree}
    assert configuration.name == source.configuration.path
    assert configuration.uri == f"{repository.uri}#{source.configuration.path}"
    assert dict(configuration.digest) == {"sha256": source.configuration.sha256}
    assert found.run_details.builder.id == source.origin
    metadata = found.run_details.metadata
    assert metadata.invocation_id == sale.run["run"]["url"]
    assert metadata.started_on.ToSeconds() == sale.run["run"]["started_at"]
    assert metadata.finished_on.ToSeconds() == sale.finished_at


def test_the_subjects_are_the_outputs_and_the_receipt_itself(
    files: Files, payloads: list[dict[str, Any]]
) -> None:
    assert payloads[0]["subject"] == payloads[1]["subject"]
    *outputs, receipt = payloads[0]["subject"]
    signed = SignedReceipt.parse(json.loads(files["receipt.json"]))
    assert receipt["name"] == "receipt.json"
    assert receipt["digest"] == {
        "sha256": sha256(files["receipt.json"]),
        "minaPoseidon": f"{signed.receipt.hash:064x}",
    }
    opened = [
        leaf for leaf in json.loads(files["openings.json"])["outputs"] if leaf["label"] != "build/notes.txt"
    ]
    for subject, opening in zip(outputs, opened, strict=False):
        leaf = Leaf.parse(opening)
        assert subject["name"] == leaf.label
        assert subject["digest"] == {
            "sha256": sha256(files[f"outputs/{leaf.label}"]),
            "minaPoseidonLeaf": f"{leaf.hash:064x}",
            "sha256SaltedLeaf": leaf.twin.hex(),
        }
    assert len(outputs) == 3


def test_byproducts_have_the_digests_of_the_files_that_are_shown(
    files: Files, payloads: list[dict[str, Any]]
) -> None:
    found = {
        one["name"]: one["digest"]["sha256"] for one in payloads[0]["predicate"]["runDetails"]["byproducts"]
    }
    assert found == {"index.json": sha256(files["index.json"]), "run.json": sha256(files["profile/run.json"])}
    traced = {
        one["name"]: one["digest"]["sha256"] for one in payloads[1]["predicate"]["monitorLog"]["process"]
    }
    names = ("build/profile.public.folded", "build/probes/steps")
    assert traced == {name: sha256(files[f"profile/{name}"]) for name in names}


def test_e1_nothing_in_the_statements_tells_a_hidden_item(files: Files) -> None:
    text = b"".join(one.payload for one in envelopes(files)).decode()
    hidden = (
        "outputs/build/notes.txt",
        "profile/build/job.log",
        "profile/build/sealrun-profile/profile.folded",
    )
    for name in hidden:
        assert sha256(files[name]) not in text
        assert name.split("/", 1)[1] not in text
    assert '"output 2, kept back"' in text


def test_the_runtime_trace_has_the_members_of_its_specification(payloads: list[dict[str, Any]]) -> None:
    trace = payloads[1]["predicate"]
    assert trace.keys() == {"monitor", "monitoredProcess", "monitorLog", "metadata"}
    assert trace["monitor"].keys() == {"type", "tracePolicy"}
    run = good_sale().run["run"]
    process = {"hostID": "https://gitlab.example", "type": "urn:sealrun:build:gitlab:v1", "event": run["url"]}
    assert trace["monitoredProcess"] == process
    assert trace["monitorLog"].keys() == {"process", "network", "fileAccess"}
    assert trace["metadata"] == {
        "buildStartedOn": "2027-01-15T08:00:01Z",
        "buildFinishedOn": "2027-01-15T08:00:20Z",
    }
    for one in trace["monitorLog"]["process"]:
        ResourceDescriptor.copy_from_pb(ParseDict(one, Descriptor())).validate()


def test_a_call_without_a_run_is_stated_by_its_own_name() -> None:
    sale = good_sale()
    found = replace(sale, run={**sale.run, "run": None}).folder()
    for one in envelopes(found):
        Statement.copy_from_pb(Parse(one.payload, StatementMessage())).validate()
        assert f"urn:sealrun:call:{sale.call.hash:064x}" in one.payload.decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
