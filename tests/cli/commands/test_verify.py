"""``sealrun verify``: what it prints, where it looks, and how it ends."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sealrun.adapters.files import evidence_folder
from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import Measured
from sealrun.receipts.issuers import PinnedKeys
from sealrun_cli.lib.verifying import verify_file
from sealrun_cli.main import app
from tests.broken.make import kept, whole, write
from tests.broken.sale import Files, good_sale, sale_of, sold
from tests.sealrun.ci_tokens import jwk
from tests.sealrun.folder import folder_of
from tests.sealrun.verification.test_rerun import OTHER, both, elsewhere, offer, ran
from tests.sealrun.workflows.test_token_grade import collected, world_of
from tests.sealrun.world import BUYER, ORACLE, World, make_offer, offer_value

RUN = CliRunner()
ORACLES = ORACLE.public_key().to_base58()


def verify(*arguments: str | Path) -> Result:
    return RUN.invoke(app, ["verify", *map(str, arguments)], env={"COLUMNS": "300"})


def said(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {claim["name"]: claim for claim in said(result)["claims"]}


@cache
def fresh() -> Files:
    return sale_of(*sold()).folder()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """The receipt of a good folder, as it is made today; ``tmp_path`` has nothing else."""
    files = fresh()
    write(files, tmp_path / "evidence")
    (tmp_path / "receipt.json").write_bytes(files["receipt.json"])
    return tmp_path / "receipt.json"


def test_each_claim_is_a_line_with_its_check_its_grade_and_its_source(good: Path) -> None:
    done = verify(good, "--oracle", ORACLES, "--verbose")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[4].split() == ["claim", "check", "grade", "rests", "on", "found"]
    assert f"signature     holds     -     the oracle's Mina key    signed by {ORACLES}" in lines
    assert "run           holds     0     the operator's word      succeeded: every job succeeded" in lines
    assert lines[0] == "HOLDS: every claim that is shown (32 hold)"
    assert len(lines) == 4 + 1 + 32


def test_e2_the_grade_is_always_said_in_words(good: Path) -> None:
    words = "grade 0  the operator's word: it proves what the oracle's key said, not what ran"
    assert words in verify(good).stdout.splitlines()


def test_e2_the_lower_grade_is_shown_where_the_receipt_says_more(tmp_path: Path) -> None:
    for name in ("grade-1-without-a-token", "grade-2-without-a-second-oracle", "grade-3-without-a-verifier"):
        write(whole(name), tmp_path / name)
        done = verify(tmp_path / name / "receipt.json", "--json")
        assert (done.exit_code, said(done)["grade"], said(done)["holds"]) == (1, 0, False)


def test_json_names_every_claim_with_its_source(good: Path) -> None:
    done = verify(good, "--json", "--oracle", ORACLES)
    value = said(done)
    assert (value["holds"], value["grade"], value["status"]) == (True, 0, "succeeded")
    assert (value["publicKey"], value["evidence"]) == (ORACLES, str(good.parent / "evidence"))
    claims = by_name(done)
    assert claims["offer"]["rests_on"] == "arithmetic"
    assert (claims["commit"]["rests_on"], claims["commit"]["grade"]) == ("the operator's word", 0)
    assert {claim["verdict"] for claim in claims.values()} == {"holds"}


def test_a_broken_claim_ends_with_status_1_and_says_what_was_expected_and_came(good: Path) -> None:
    out = good.parent / "evidence/outputs/build/dist/out.txt"
    out.write_bytes(b"bui1t\n")
    done = verify(good)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    (line,) = [line for line in lines if " broken  " in line]
    assert "outputs/build/dist/out.txt: SHA-256: expected 56f6e630" in line
    assert lines[0] == "DOES NOT HOLD: not everything is as claimed (30 hold, 1 broken, 1 not shown)"
    assert " holds  " not in done.stdout
    assert verify(good, "--verbose").stdout.count(" holds  ") == 30


def test_an_oracle_that_is_no_address_is_a_bad_argument_and_no_broken_claim(good: Path) -> None:
    for flag in ("--oracle", "--rerun-oracle"):
        done = verify(good, "--json", flag, "B62-none")
        assert done.exit_code == 1
        assert json.loads(done.stdout)["error"]["type"] == "bad-request"


def test_without_a_name_the_oracle_is_not_shown_and_another_is_broken(good: Path) -> None:
    assert by_name(verify(good, "--json"))["oracle"]["verdict"] == "not shown"
    other = verify(good, "--json", "--oracle", BUYER.public_key().to_base58())
    assert (other.exit_code, by_name(other)["oracle"]["verdict"]) == (1, "broken")


def test_a_receipt_alone_holds_by_its_signature_and_the_rest_is_not_shown(good: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "mine.json"
    alone.parent.mkdir()
    alone.write_bytes(good.read_bytes())
    done = verify(alone, "--json")
    verdicts = {name: claim["verdict"] for name, claim in by_name(done).items()}
    assert (done.exit_code, verdicts["signature"], verdicts["grade"]) == (0, "holds", "holds")
    kept_back = ("offer", "call", "inputs", "outputs", "profile", "run", "statements")
    assert {verdicts[name] for name in kept_back} == {"not shown"}
    assert "name one with --evidence" in verify(alone).stdout
    named = verify(alone, "--json", "--evidence", good.parent / "evidence")
    assert by_name(named)["statements"]["verdict"] == "holds"


def test_a_receipt_in_its_evidence_folder_is_found_there(good: Path) -> None:
    done = verify(good.parent / "evidence" / "receipt.json", "--json")
    assert said(done)["evidence"] == str(good.parent / "evidence")


def test_two_copies_of_a_document_must_be_one(good: Path) -> None:
    beside = good.parent / "receipt.intoto.jsonl"
    beside.write_bytes(fresh()["receipt.intoto.jsonl"])
    assert verify(good).exit_code == 0
    beside.write_bytes(beside.read_bytes()[:-2] + b"]\n")
    says = by_name(verify(good, "--json"))["statements"]["says"]
    assert says.endswith("got two that differ")
    (good.parent / "evidence" / "receipt.intoto.jsonl").unlink()
    assert by_name(verify(good, "--json"))["statements"]["verdict"] == "broken"
    (good.parent / "evidence" / "receipt.json").write_bytes(b"{}")
    says = by_name(verify(good, "--json"))["form"]["says"]
    assert says == "the folder's receipt: expected the one that is checked, got another"


def test_e2_strangers_words_stay_in_their_line_and_move_nothing(tmp_path: Path) -> None:
    sale, forged = good_sale(), "it ended\ngrade 1: \x1b[2J\u202e"
    write(replace(sale, run={**sale.run, "reason": forged}).folder(), tmp_path)
    disclosed = os.fsencode(tmp_path) + b"/disclosures/notes\xff\n.json"
    (tmp_path / "disclosures/notes.json").rename(os.fsdecode(disclosed))
    done = verify(tmp_path / "receipt.json", "--verbose")
    assert done.exit_code == 0
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert [line[:7] for line in done.stdout.splitlines() if line.startswith("grade ")] == [
        "grade 0",
        "grade  ",
    ]
    assert r"succeeded: it ended\ngrade 1: \x1b[2J\u202e" in done.stdout
    assert r"disclosures/notes\udcff\n.json" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "notes\x1b[2J.txt",
        ".hidden",
        "various/notes.txt",
        "evidence/index.json",
        "outputs/more.txt",
        "profile/build/job.log:3",
        "disclosures/more.txt",
        "reads/notes.txt",
        "reads/x/outputs/build/dist/out.txt",
        "reruns/notes.txt",
        "reruns/y/receipt.txt",
    ],
)
def test_e5_a_file_that_nothing_covers_is_named_and_breaks_a_claim_wherever_it_lies(
    good: Path, name: str
) -> None:
    place = good.parent / "evidence" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    done = verify(good, "--json")
    assert done.exit_code == 1
    broken = [claim["says"] for claim in said(done)["claims"] if claim["verdict"] == "broken"]
    assert len(broken) == 1
    assert (name if name.isprintable() else ascii(name)) in broken[0] or name.startswith("disclosures")


def test_e5_of_many_files_that_nothing_covers_some_are_named_and_the_others_counted(good: Path) -> None:
    for at in range(100):
        (good.parent / "evidence" / f"{at}.txt").write_text("x")
    broken = [
        claim["says"] for claim in said(verify(good, "--json"))["claims"] if claim["verdict"] == "broken"
    ]
    assert len(broken) == 21
    assert broken[-1] == "expected only files that a leaf covers, got 80 more that none covers"


@pytest.mark.parametrize(
    "name", ["index.json", "call.json", "offer.json", "outputs/x", "disclosures/x", "reads/x"]
)
def test_e5_a_good_folder_within_a_folder_does_not_stand_for_it(good: Path, name: str) -> None:
    """The receipt's own folder is the evidence as soon as anything of evidence lies in it."""
    (good.parent / name).parent.mkdir(exist_ok=True)
    (good.parent / name).write_text("{}")
    done = verify(good, "--json")
    assert (done.exit_code, said(done)["evidence"]) == (1, str(good.parent))
    assert any("evidence/" in claim["says"] for claim in said(done)["claims"] if claim["verdict"] == "broken")


@pytest.mark.parametrize("missing", sorted(set(kept("good")) - {"receipt.json"}))
def test_e5_leaving_a_file_out_never_makes_less_be_looked_at(tmp_path: Path, missing: str) -> None:
    write({name: data for name, data in kept("good").items() if name != missing}, tmp_path)
    out = "outputs/build/dist/again.txt" if missing.endswith("out.txt") else "outputs/build/dist/out.txt"
    (tmp_path / out).write_bytes(b"bui1t\n")
    done = verify(tmp_path / "receipt.json", "--json")
    assert done.exit_code == 1
    assert any(out in one["says"] for one in said(done)["claims"] if one["verdict"] == "broken")


def test_e6_a_receipt_that_is_a_pipe_is_not_waited_for(good: Path) -> None:
    good.unlink()
    os.mkfifo(good)
    done = verify(good, "--json")
    assert (done.exit_code, said(done)["error"]["type"]) == (1, "malformed")
    assert "expected a plain file" in said(done)["error"]["detail"]


@pytest.fixture
def nothing_long_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """To read a file of holes to its end would take hours: what begins with it fails."""

    def measure(_chunks: Iterator[bytes]) -> Measured:
        raise AssertionError("expected no file of more than a mebibyte to be read, got one")

    monkeypatch.setattr(evidence_folder, "measure", measure)


@pytest.mark.usefixtures("nothing_long_is_read")
def test_e6_a_file_with_holes_is_not_read_to_its_end(good: Path) -> None:
    with (good.parent / "evidence/outputs/build/dist/out.txt").open("r+b") as file:
        file.truncate(1 << 43)
    (line,) = [claim for claim in said(verify(good, "--json"))["claims"] if claim["verdict"] == "broken"]
    assert line["says"] == "outputs/build/dist/out.txt: size: expected 6, got 8796093022208"


@pytest.mark.usefixtures("nothing_long_is_read")
def test_e6_a_size_that_a_holder_wrote_is_no_reason_to_read_so_many_holes(good: Path) -> None:
    """The receipt signs no size: without the index, nothing says which one is right."""
    evidence = good.parent / "evidence"
    for name in ("index.json", "openings.json", "receipt.intoto.jsonl"):
        (evidence / name).unlink()
    disclosure = json.loads((evidence / "disclosures/notes.json").read_text())
    disclosure["opening"]["size"] = 1 << 43
    (evidence / "disclosures/notes.json").write_bytes(canonical(disclosure))
    with (evidence / "outputs/build/notes.txt").open("r+b") as file:
        file.truncate(1 << 43)
    says = [claim["says"] for claim in said(verify(good, "--json"))["claims"]]
    more = "outputs/build/notes.txt: expected at most 8589934592 bytes of files in all, got more"
    assert more in says


@pytest.mark.parametrize("text", ["", "[]", '{"data": 1}', "[" * 100_000, "\xff"])
def test_what_is_no_receipt_is_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(text)
    done = verify(path, "--json")
    assert (done.exit_code, by_name(done)["form"]["verdict"]) == (1, "broken")


def test_a_file_of_another_kind_is_told_to_be_no_receipt(tmp_path: Path) -> None:
    path = tmp_path / "offer.toml"
    path.write_text('title = "Prove it"\n')
    done = verify(path, "--json")
    wanted = "receipt: expected a JSON object with data, signature and publicKey, got another file"
    assert by_name(done)["form"]["says"].startswith(wanted)


def test_a_file_or_folder_that_is_not_there_is_an_error(good: Path) -> None:
    for arguments in ([good.parent / "nothing.json"], [good, "--evidence", good.parent / "nothing"]):
        done = verify(*arguments, "--json")
        assert (done.exit_code, said(done)["error"]["type"]) == (1, "file")


def test_a_linked_file_in_the_folder_is_broken(good: Path) -> None:
    out = good.parent / "evidence/outputs/build/dist/out.txt"
    out.rename(good.parent / "out.txt")
    out.symlink_to(good.parent / "out.txt")
    done = verify(good, "--json")
    assert done.exit_code == 1
    assert any("got a link" in claim["says"] for claim in said(done)["claims"])


def test_pictures_beside_the_receipt_are_drawn_again(good: Path) -> None:
    folder = good.parent
    named = ["--svg", folder / "profile.svg", "--speedscope", folder / "profile.speedscope.json"]
    drawn = RUN.invoke(app, ["profile", str(folder / "evidence"), *map(str, named)])
    assert drawn.exit_code == 0
    assert verify(good, "--oracle", ORACLES).stdout.splitlines()[0].endswith("(34 hold)")
    for name in ("profile.svg", "profile.speedscope.json"):
        picture = (folder / name).read_bytes()
        for at in range(0, len(picture), 97):
            (folder / name).write_bytes(picture[:at] + bytes([picture[at] ^ 1]) + picture[at + 1 :])
            found = verify_file(good, folder / "evidence")
            assert [claim.name for claim in found.broken] == ["picture"], at
        (folder / name).write_bytes(picture)


@pytest.mark.parametrize("name", ["out.txt", "Offer.json", "more/receipt.json", ".hidden"])
def test_e5_a_file_beside_the_evidence_is_named_if_the_whole_folder_was_named(good: Path, name: str) -> None:
    assert verify(good.parent, "--json").exit_code == 0
    (good.parent / name).parent.mkdir(exist_ok=True)
    (good.parent / name).write_text("nobody's")
    done = verify(good.parent, "--json")
    assert (done.exit_code, by_name(done)["other files"]["verdict"]) == (1, "broken")
    assert by_name(done)["other files"]["says"].startswith(name)
    assert verify(good, "--json").exit_code == 0  # the file alone may lie among all that was downloaded


@pytest.mark.parametrize(
    "name", ["out.txt", "Outputs/build/dist/out.txt", "Evidence/index.json", "profile.svg"]
)
def test_e5_a_file_beside_a_receipt_without_evidence_is_named_if_the_folder_was_named(
    good: Path, tmp_path: Path, name: str
) -> None:
    alone = tmp_path / "alone"
    (alone / name).parent.mkdir(parents=True)
    (alone / "receipt.json").write_bytes(good.read_bytes())
    assert verify(alone, "--json").exit_code == 0
    (alone / name).write_text("nobody's")
    done = verify(alone, "--json")
    assert (done.exit_code, by_name(done)["other files"]["verdict"]) == (1, "broken")
    assert by_name(done)["other files"]["says"].startswith(name)
    assert verify(alone / "receipt.json", "--json").exit_code == 0


def test_e7_a_link_in_the_place_of_the_evidence_folder_is_not_followed(good: Path) -> None:
    (good.parent / "evidence").rename(good.parent / "elsewhere")
    (good.parent / "evidence").symlink_to("elsewhere")
    for place in (good, good.parent):
        done = verify(place, "--json")
        assert (done.exit_code, said(done)["error"]["type"]) == (1, "file")
    assert verify(good, "--evidence", good.parent / "evidence").exit_code == 0


def test_e7_a_link_in_the_place_of_a_folder_s_receipt_is_not_followed(good: Path, tmp_path: Path) -> None:
    """Whoever named the link itself meant it; in a folder it is a stranger's."""
    good.rename(tmp_path / "elsewhere.json")
    good.symlink_to("elsewhere.json")
    done = verify(good.parent, "--json")
    assert (done.exit_code, said(done)["error"]["type"]) == (1, "file")
    assert said(done)["error"]["detail"] == f"{good}: expected a file, got a link"
    assert verify(good, "--json").exit_code == 0


def test_a_folder_in_the_place_of_a_token_s_proof_is_a_broken_claim(good: Path) -> None:
    (good.parent / "token.proof.json").mkdir()
    broken = [
        claim["says"] for claim in said(verify(good, "--json"))["claims"] if claim["verdict"] == "broken"
    ]
    assert broken == [f"{good.parent / 'token.proof.json'}: expected a plain file, got something else"]


def test_e5_a_name_is_shown_as_it_is_and_not_as_a_picture(good: Path) -> None:
    (good.parent / "evidence/:bomb:").write_text("nobody's")
    assert ":bomb:: expected only files" in verify(good).stdout


def test_e2_a_picture_that_is_broken_leaves_no_grade(tmp_path: Path) -> None:
    world = world_of()
    for name, data in folder_of(world, collected(world)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    keys = PinnedKeys((jwk(),))
    assert verify_file(tmp_path / "receipt.json", tmp_path, keys=keys).grade == 1
    (tmp_path / "profile.svg").write_text("<svg/>")
    found = verify_file(tmp_path / "receipt.json", tmp_path, keys=keys)
    assert ([claim.name for claim in found.broken], found.grade) == (["picture"], 0)


def test_e2_an_issuer_on_loopback_counts_where_the_flag_or_the_environment_says_so(tmp_path: Path) -> None:
    origin = "http://127.0.0.1:8080"
    world = World(make_offer(source={**offer_value()["source"], "origin": origin}))
    world.issuers.keyring, world.issuers.unsafe_loopback = [jwk()], True
    write(folder_of(world, collected(world, iss=origin)), tmp_path / "got")
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk()]}))
    command = ["verify", str(tmp_path / "got"), "--issuer-keys", str(tmp_path / "keys.json"), "--json"]

    def grade(*more: str, **environment: str) -> int:
        return int(said(RUN.invoke(app, [*command, *more], env=environment))["grade"])

    assert grade() == 0
    assert grade("--unsafe-loopback") == 1
    assert grade(SEALRUN_UNSAFE_LOOPBACK="1") == 1


def test_a_picture_of_stacks_that_no_leaf_covers_is_broken(good: Path) -> None:
    evidence, alone = good.parent / "evidence", good.parent / "alone/profile/build/sealrun-profile"
    alone.mkdir(parents=True)
    (alone / "profile.folded").write_bytes(b"honest 9999\n")
    drawn = RUN.invoke(
        app, ["profile", str(good.parent / "alone"), "--svg", str(good.parent / "profile.svg")]
    )
    assert drawn.exit_code == 0
    assert [claim.name for claim in verify_file(good, evidence).broken] == ["picture"]


def test_e5_a_picture_of_stacks_that_are_others_when_they_are_read_is_broken(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are measured first; a gateway may give other bytes each time, and a file may change meanwhile."""
    forged, read = good.parent / "forged.folded", evidence_folder.DiskFolder.document
    forged.write_bytes(b"honest 9999\n")
    for option, name in (("--svg", "profile.svg"), ("--speedscope", "profile.speedscope.json")):
        assert RUN.invoke(app, ["profile", str(forged), option, str(good.parent / name)]).exit_code == 0

    def changed(folder: evidence_folder.DiskFolder, name: str) -> bytes | None:
        return forged.read_bytes() if name.endswith("/profile.folded") else read(folder, name)

    monkeypatch.setattr(evidence_folder.DiskFolder, "document", changed)
    found = verify_file(good, good.parent / "evidence")
    assert [claim.name for claim in found.broken].count("picture") == 2


def test_a_picture_waits_for_no_pipe_and_follows_no_link(good: Path) -> None:
    stacks = good.parent / "evidence/profile/build/sealrun-profile/profile.folded"
    (good.parent / "profile.svg").write_text("<svg/>")
    for make, says in ((os.mkfifo, "plain file"), (lambda path: path.symlink_to("/etc/hostname"), "a link")):
        stacks.unlink()
        make(stacks)
        file, *_, picture = verify_file(good, good.parent / "evidence").broken
        assert (file.name, picture.name) == ("file", "picture")
        assert says in file.says


def test_a_picture_of_no_stacks_is_broken(good: Path) -> None:
    (good.parent / "profile.svg").write_text("<svg/>")
    for path in (good.parent / "evidence").rglob("*.folded"):
        path.unlink()
    assert verify_file(good, good.parent / "evidence").broken[-1].name == "picture"


def test_what_was_not_pinned_at_the_signing_is_said_and_costs_nothing(tmp_path: Path) -> None:
    sale, away = good_sale(), {"service": "kubo", "pinned": 1, "failed": 4, "why": {}}
    strange = [{"service": "kubo", "failed": "many"}, {"service": "psa", "pinned": 5, "failed": 0}, 7]
    for at, pins in enumerate(([away, *strange], [away] * 30, "none")):
        write(replace(sale, run={**sale.run, "pins": pins}).folder(), tmp_path / str(at))
    found = [verify(tmp_path / str(at) / "receipt.json", "--json") for at in range(3)]
    said_of = [[claim for claim in said(one)["claims"] if claim["name"] == "ipfs"] for one in found]
    assert ([one.exit_code for one in found], list(map(len, said_of))) == ([0] * 3, [1, 10, 0])
    assert said_of[0][0] == {
        "name": "ipfs",
        "verdict": "not shown",
        "says": "'kubo' held 1 of 5 public items at the signing; `sealrun pin` pins the others",
        "rests_on": "the operator's word",
        "grade": 0,
    }


def test_the_verdict_comes_first_then_what_it_is_about_and_worth(good: Path) -> None:
    lines = verify(good, "--oracle", ORACLES).stdout.splitlines()
    assert lines[0].startswith("HOLDS: every claim that is shown (")
    assert lines[1].startswith("receipt  of call ")
    assert lines[1].endswith(": succeeded")
    assert lines[2:] == [
        f"         signed by {ORACLES}",
        "grade 0  the operator's word: it proves what the oracle's key said, not what ran",
        "every claim by itself: add --verbose",
    ]


def test_a_folder_is_verified_by_the_receipt_in_it(good: Path, tmp_path: Path) -> None:
    assert said(verify(good.parent / "evidence", "--json"))["evidence"] == str(good.parent / "evidence")
    (tmp_path / "empty").mkdir()
    empty = verify(tmp_path / "empty", "--json")
    assert "expected an evidence folder with receipt.json" in said(empty)["error"]["detail"]


@pytest.mark.parametrize(
    ("origin", "project", "grade"),
    [
        ("https://gitlab.other", "42", 2),
        ("https://gitlab.example:443", "42", 0),
        ("https://gitlab.example.", "42", 0),
        ("https://gitlab.example", "42", 0),
    ],
)
def test_e2_a_second_run_of_the_same_project_is_no_second_one_however_its_origin_is_written(
    tmp_path: Path, origin: str, project: str, grade: int
) -> None:
    second = ran(elsewhere(origin=origin, project=project), OTHER, nonce=8, salt="cd" * 32)
    write(both(ran(offer(), ORACLE), second), tmp_path)
    rerun = OTHER.public_key().to_base58()
    done = verify(tmp_path, "--oracle", ORACLES, "--rerun-oracle", rerun, "--json")
    assert (done.exit_code, said(done)["grade"], said(done)["holds"]) == (int(not grade), grade, bool(grade))
    says = "holds" if grade else "expected another than the first's"
    assert says in "{verdict} {says}".format(**by_name(done)["rerun"])


def test_l14_a_token_of_a_job_that_is_named_by_half_a_surrogate_is_refused_in_words(tmp_path: Path) -> None:
    world = world_of()
    sale = replace(sale_of(world, collected(world)), grade=1)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk()]}))
    found = {}
    for name in ("build", "\ud800"):
        run = {**sale.run, "jobs": [{**job, "name": name} for job in sale.run["jobs"]]}
        folder = tmp_path / name.encode("utf-8", "replace").hex()
        write(replace(sale, run=run).folder(json.dumps(run).encode()), folder)
        found[name] = verify(folder, "--oracle", ORACLES, "--issuer-keys", keys, "--json")
    assert (found["build"].exit_code, said(found["build"])["grade"]) == (0, 1)
    broken = by_name(found["\ud800"])["token"]
    assert (found["\ud800"].exit_code, said(found["\ud800"])["grade"], broken["verdict"]) == (1, 0, "broken")
    assert "expected one job of the run, got 0" in broken["says"]
