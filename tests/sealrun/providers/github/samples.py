"""Small git repositories with a workflow, made anew for each test that wants one."""

from pathlib import Path

from local.repositories import commit_all, git

FILE = ".github/workflows/job.yml"
# What every sealrun job begins with: the call hash as an input, and the run named after it.
HEADER = """\
name: job
run-name: sealrun ${{ inputs.sealrun_call }}
on:
  workflow_dispatch:
    inputs:
      sealrun_call: {required: true}
      level: {type: number, default: 3}
      flavour: {type: choice, options: [plain, salted], default: plain}
jobs:
"""
BUILD = """\
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          mkdir -p out/deep
          echo "level=${{ inputs.level }} flavour=${{ inputs.flavour }}" > out/inputs.txt
          env | grep '^GITHUB_' | sort > out/deep/variables.txt
          echo "building for ${{ inputs.sealrun_call }}"
      - uses: actions/upload-artifact@v4
        with: {name: built, path: out/}
      - uses: actions/upload-artifact@v4
        with: {name: lines, path: "out/*.txt"}
"""
CHECK = """\
  check:
    needs: [build]
    runs-on: ubuntu-latest
    strategy: {matrix: {half: [1, 2]}}
    steps:
      - run: echo "half ${{ matrix.half }}"
"""
FAILING = """\
  check:
    needs: [build]
    runs-on: ubuntu-latest
    steps:
      - run: echo "about to fail" && exit 3
  after:
    needs: [check]
    runs-on: ubuntu-latest
    steps:
      - run: echo never
"""
WAITING = """\
  wait:
    runs-on: ubuntu-latest
    steps:
      - run: sleep 600
"""
# What a step runs to get its ID token, made out to the call.
ASK = """\
          python3 - <<'END'
          import json, os, urllib.request
          url = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
          url += "&audience=urn:sealrun:call:${{ inputs.sealrun_call }}"
          bearer = {"Authorization": "bearer " + os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]}
          answer = urllib.request.urlopen(urllib.request.Request(url, headers=bearer))
          os.makedirs("sealrun-profile")
          with open("sealrun-profile/token.jwt", "w") as file:
              file.write(json.load(answer)["value"])
          END
"""
TOKEN = (
    HEADER.replace("jobs:", "permissions: {id-token: write}\njobs:")
    + f"""\
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
{ASK}\
      - uses: actions/upload-artifact@v4
        with: {{name: token, path: sealrun-profile/}}
"""
)


def make_repository(folder: Path, workflow: str) -> Path:
    """A repository with one commit, tagged v1 and, annotated, v2."""
    file = folder / FILE
    file.parent.mkdir(parents=True)
    file.write_text(workflow)
    commit_all(folder, "v1")
    git(folder, "tag", "--annotate", "--message=second", "v2")
    return folder
