"""Packs functions, layers and templates for CloudFormation, without any tool but pip.

    packed = pack(out)                                   # build: bytes that depend on the sources alone
    upload(packed, s3, bucket=bucket)                    # create-only, under the digest of the content
    url = packed.url(bucket, region)                     # what CreateStack or CreateChangeSet is given

The stack needs the capabilities in ``CAPABILITIES``. ``python -m infra.package --out DIR --bucket NAME``
packs and prints the root template's URL. The bucket must be in the stack's own region.
"""

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra import control_package, edge_package
from infra.layers import LAYERS, ROOT, build_layers, compile_folder, write_archive
from infra.target import LAMBDA, Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATE = ROOT / "template.yaml"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
# How a template names a file: on a line of its own, after one of these names.
LOCAL = re.compile(
    r"^(?P<indent> +)(?P<name>CodeKey|CodeUri|ContentUri|TemplateURL): (?P<file>[a-z0-9_./-]+)$", re.MULTILINE
)
# Some nested templates take bucket and key of an archive as two parameters; this is the bucket's line.
BUCKET = re.compile(r"^(?P<indent> +)CodeBucket: packages$", re.MULTILINE)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES = 1_000_000


@dataclass(frozen=True)
class Part:
    """One file to upload; ``name`` is its name in the template, for example ``functions/call``."""

    name: str
    path: Path
    sha256: str

    @property
    def key(self) -> str:
        """The object's key. It is the digest of the content, so the content under a key never changes."""
        return f"sealrun/{self.sha256}{self.path.suffix}"


@dataclass(frozen=True)
class Packed:
    """All archives and nested templates, and the folder that holds them."""

    parts: tuple[Part, ...]
    folder: Path

    def template(self, bucket: str, region: str) -> str:
        """The root template with the place in the bucket instead of each file name.

        Raises:
            ValueError: it names a file that was not packed, or is too long for CloudFormation.
        """
        named = {part.name: part for part in self.parts}

        def placed(match: re.Match[str]) -> str:
            part = named.get(match["file"])
            if part is None:
                raise ValueError(f"template: expected files that are packed, got {match['file']}")
            places = {"CodeKey": part.key, "TemplateURL": _url(bucket, region, part.key)}
            place = places.get(match["name"], f"s3://{bucket}/{part.key}")
            return f"{match['indent']}{match['name']}: {place}"

        text = LOCAL.sub(placed, TEMPLATE.read_text(encoding="utf-8"))
        text = BUCKET.sub(rf"\g<indent>CodeBucket: {bucket}", text)
        if (size := len(text.encode())) > MAX_TEMPLATE_BYTES:
            raise ValueError(f"template: expected at most {MAX_TEMPLATE_BYTES} bytes, got {size}")
        return text

    def root(self, bucket: str, region: str) -> Part:
        """The root template, written to a file beside the parts."""
        path = self.folder / "template.yaml"
        path.write_text(self.template(bucket, region), encoding="utf-8")
        return _part("template.yaml", path)

    def url(self, bucket: str, region: str) -> str:
        """The ``TemplateURL`` of the root template, once ``upload`` has put it there."""
        return _url(bucket, region, self.root(bucket, region).key)


def pack(out: Path, *, target: Target = LAMBDA) -> Packed:
    """Build every layer, every function and every nested template into a folder.

    Args:
        out: the folder; it is made.
        target: the Python and the machine that run the functions.

    Raises:
        subprocess.CalledProcessError: pip could not get a wheel, or a source does not compile.
    """
    out.mkdir(parents=True, exist_ok=True)
    build_layers(LAYERS, out, target=target)
    parts = [_part(f"layers/{name}", out / f"{name}.zip") for name in LAYERS]
    for handler in sorted(ROOT.glob("functions/*/handler.py")):
        archive = out / f"function-{handler.parent.name}.zip"
        if handler.parent == edge_package.FUNCTION:  # in us-east-1, by a stack of its own
            edge_package.write(archive, target=target)
        else:
            _pack_function(handler.parent, archive, target)
        parts.append(_part(f"functions/{handler.parent.name}", archive))
    parts += [_part(f"infra/{path.name}", path) for path in sorted(ROOT.glob("infra/*.yaml"))]
    template, archive = control_package.package(out)
    parts += [_part(f"infra/{template.name}", template), _part(f"infra/{archive.name}", archive)]
    return Packed(tuple(parts), out)


def upload(packed: Packed, s3: "S3Client", *, bucket: str) -> list[str]:
    """Upload the root template and every part that is not there yet; return the keys that are new.

    Raises:
        botocore.exceptions.ClientError: the bucket does not exist, or these credentials may not write to it.
    """
    region = s3.meta.region_name
    return [
        part.key for part in (*packed.parts, packed.root(bucket, region)) if _created(part, s3, bucket=bucket)
    ]


def _created(part: Part, s3: "S3Client", *, bucket: str) -> bool:
    """True if the object was not there. If it was, it has the same bytes, because its key is their digest."""
    try:
        with part.path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=part.key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return False
    return True


def _pack_function(folder: Path, archive: Path, target: Target) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "function"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        compile_folder(copy, shown_as="/var/task", target=target)
        write_archive(copy, archive)


def _part(name: str, path: Path) -> Part:
    return Part(name, path, hashlib.sha256(path.read_bytes()).hexdigest())


def _url(bucket: str, region: str, key: str) -> str:
    """In the form that `aws cloudformation package` writes; local stand-ins for AWS accept no other."""
    return f"https://s3.{region}.amazonaws.com/{bucket}/{key}"


def main(arguments: list[str] | None = None) -> int:
    """Pack, and print one line for each part: digest and name."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the archives and the template")
    parser.add_argument("--bucket", required=True, help="the bucket that the template will name")
    parser.add_argument("--region", required=True, help="the bucket's region, which is the stack's")
    parser.add_argument("--python", default=LAMBDA.python, help="version; the template's by default")
    parser.add_argument(
        "--platform", default=LAMBDA.machine, help="x86_64 or aarch64; the template's by default"
    )
    parser.add_argument("--upload", action="store_true", help="put them there, with the credentials of boto3")
    options = parser.parse_args(arguments)
    target = Target(options.python, options.platform)
    if target.interpreter() is None:
        print(
            f"package: expected Python {target.python} for bytecode, got none: functions will start slower",
            file=sys.stderr,
        )
    packed = pack(options.out, target=target)
    if options.upload:
        import boto3  # noqa: PLC0415

        upload(packed, boto3.client("s3", region_name=options.region), bucket=options.bucket)
    for part in (*packed.parts, packed.root(options.bucket, options.region)):
        print(f"{part.sha256}  {part.name}")
    print(packed.url(options.bucket, options.region))
    return 0


if __name__ == "__main__":
    sys.exit(main())
