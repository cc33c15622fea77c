"""What the jobs of a run left as artifacts: outputs, and the files of the probe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.measure import Measured, measure, measure_document
from sealrun.errors import Malformed, TookTooLong, UnsafeArchive
from sealrun.evidence.call_stacks import MAX_BYTES, folded, parse, redact
from sealrun.evidence.evidence import Item, label
from sealrun.evidence.leaves import MAX_LABEL_BYTES, Kind, checked_label
from sealrun.evidence.places import Places, for_any_disk
from sealrun.offers.evidence_policy import PROBES_FILE, EvidencePolicy
from sealrun.offers.offer import Offer
from sealrun.ports.evidence import Content, EvidenceStore, Unpack
from sealrun.ports.provider import Provider
from sealrun.receipts.job_token import DONE_NAME
from sealrun.receipts.job_token import MAX_BYTES as MAX_TOKEN_BYTES
from sealrun.runs.run import Job
from sealrun.workflows.look_into import Look

# The folder that ``sealrun-probe run`` leaves in a job's artifacts.
PROBE_FOLDER = "sealrun-profile/"
STACKS, SUMMARY, PROBES, TOKEN = "profile.folded", "profile.json", PROBES_FILE, "token.jwt"
SHOWN_STACKS = "profile.public.folded"
SAMPLERS = ("perf", "py-spy", "proc", "rusage")
# A tree has room for 4,096: beside these, 1,000 jobs' logs and claims, and the lines of the logs.
MAX_PROFILE = 1500
_BINARY = "application/octet-stream"


@dataclass
class Files:
    """What was found, in the order of jobs and archives."""

    policy: EvidencePolicy
    store: EvidenceStore
    look: Look
    places: Places
    outputs: list[Item] = field(default_factory=list)
    profile: list[Item] = field(default_factory=list)
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, bytes] = field(default_factory=dict, repr=False)  # by their jobs' names
    withheld: list[str] = field(default_factory=list)  # kinds of what the policy names and that is not shown

    def item(self, kind: Kind, place: str, measured: Measured, content: Content, *, named: bool) -> Item:
        """An item; it is shown if the policy names it and nothing in it looks like a secret."""
        looks_secret = named and (self.look.scanner.holds([place.encode()]) or not self.look.shows(content))
        if looks_secret:
            self.withheld.append(kind.name.lower())
        public = named and not looks_secret
        return Item(kind, place, measured.sha256, measured.size, public, measured.cid if public else "")

    def kept(self, kind: Kind, place: str, document: bytes) -> Item:
        """Store a document that is made here for anyone."""
        measured = measure_document(document)
        self.store.put(lambda: [document], measured, media_type=_BINARY)
        return self.item(kind, place, measured, lambda: [document], named=True)

    def unpaid(self) -> None:
        """Of a run that is not paid nothing is kept but what tells why (L7)."""
        self.outputs.clear()
        self.profile = [item for item in self.profile if item.kind is Kind.TOKEN]


def gather_files(
    jobs: Sequence[Job],
    offer: Offer,
    provider: Provider,
    store: EvidenceStore,
    unpack: Unpack,
    look: Look,
    places: Places,
) -> Files:
    """Store every job's files; the offer's bounds hold for all of them together.

    Each needs a place of its own: ``places`` has those of the logs that are stored already.

    Raises:
        UnsafeArchive, SecretFound, ProviderRefused: what was left cannot be taken, and nothing of it counts.
    """
    files = Files(offer.evidence, store, look, places)
    bytes_left, files_left = offer.limits.artifact_bytes, offer.limits.files
    for job in jobs:
        if not job.has_artifacts:
            continue
        with provider.artifacts(job.id) as chunks:
            for name, content in unpack(chunks, max_bytes=bytes_left, max_files=files_left):
                size = _take(files, job, name, content)
                bytes_left, files_left = bytes_left - size, files_left - 1
                if len(files.profile) > MAX_PROFILE:
                    raise UnsafeArchive(f"profile: expected at most {MAX_PROFILE} items, got more")
    return files


def _take(files: Files, job: Job, name: str, content: Content) -> int:
    """Store one file as an output or as one of the probe's; its size."""
    place = _place(job, name)
    files.places.add(f"{'profile' if name.startswith(PROBE_FOLDER) else 'outputs'}/{place}")
    measured = measure(files.look.scanner.guarded(content()))
    files.store.put(content, measured, media_type=_BINARY)
    if not name.startswith(PROBE_FOLDER):
        named = files.policy.outputs.match(place)
        files.outputs.append(files.item(Kind.OUTPUT, place, measured, content, named=named))
        return measured.size
    own = name.removeprefix(PROBE_FOLDER)
    if own == DONE_NAME:
        files.profile.append(files.item(Kind.TOKEN, place, measured, content, named=False))
        return measured.size
    if own == TOKEN:
        files.profile.append(files.item(Kind.TOKEN, place, measured, content, named=False))
        files.tokens[job.name] = b"".join(content()) if measured.size <= MAX_TOKEN_BYTES else b""
        return measured.size
    named = files.policy.shows_as_it_came(place)
    files.profile.append(files.item(Kind.PROFILE, place, measured, content, named=named))
    if own in (STACKS, SUMMARY, PROBES) and measured.size <= MAX_BYTES:
        files.profile += _derived(files, job, own, b"".join(content()))
    return measured.size


def _place(job: Job, name: str) -> str:
    """The file's label, under a name that Windows can hold too."""
    try:
        return checked_label(label(job.name, for_any_disk(name)))
    except Malformed as error:  # without the name: it may be the buyer's own
        message = f"archive: expected names of at most {MAX_LABEL_BYTES} bytes with the job's, got another"
        raise UnsafeArchive(message) from error


def _derived(files: Files, job: Job, own: str, document: bytes) -> Iterator[Item]:
    """What the policy lets the public see of a file of the probe.

    What is not of its form, or that there is no time for, is only named.
    """
    summary = files.samples.setdefault(job.name, {})
    try:
        files.look.in_time.check()
        if own == STACKS:
            shown = folded(redact(parse(document), files.policy.symbols))
            yield files.kept(Kind.STACKS, label(job.name, SHOWN_STACKS), shown)
        elif own == SUMMARY:
            summary |= _summary(parse_object(document))
        else:
            for name, value in _probes(parse_object(document), files.policy):
                yield files.kept(Kind.PROBE, label(job.name, f"probes/{name}"), canonical(value))
    except (Malformed, TookTooLong) as error:
        summary["refused"] = f"{own}: {error.detail}"


def _summary(value: Mapping[str, Any]) -> dict[str, Any]:
    """How the job says it was sampled: a known word and numbers, no text of the job's own."""
    sampler = value.get("sampler")
    if sampler not in SAMPLERS:
        raise Malformed(f"sampler: expected one of {', '.join(SAMPLERS)}, got another")
    numbers = {name: value.get(name) for name in ("hz", "samples")}
    return {"sampler": sampler, **{name: n for name, n in numbers.items() if type(n) is int and n >= 0}}


def _probes(value: Mapping[str, Any], policy: EvidencePolicy) -> Iterator[tuple[str, Any]]:
    named = value.get("probes")
    if not isinstance(named, dict):
        raise Malformed(f"probes: expected an object of probes, got {type(named).__name__}")
    return ((name, named[name]) for name in policy.probes if name in named)
