"""Small git repositories with a pipeline, made anew for each test that wants one."""

from pathlib import Path

from local.repositories import commit_all, git

CALL = "0123456789abcdef" * 4
OTHER_CALL = "fedcba9876543210" * 4

# What every sealrun job begins with: the call hash as an input, and the run named after it.
HEADER = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    level:
      type: number
      default: 3
    flavour:
      options: [plain, salted]
      default: plain
---
workflow:
  name: 'sealrun $[[ inputs.sealrun_call ]]'

stages: [build, check]

"""

BUILD = """\
build:
  stage: build
  script:
    - mkdir -p out
    - echo "level=$[[ inputs.level ]] flavour=$[[ inputs.flavour ]]" > out/inputs.txt
    - env | grep '^CI_' | sort > out/variables.txt
    - echo "building for $[[ inputs.sealrun_call ]]"
  after_script:
    - echo "was a $CI_JOB_STATUS"
  artifacts:
    paths: [out/]

"""

# The first job's token is made out to the call, the second's to two others at once.
TOKENS = """\
build:
  stage: build
  id_tokens:
    SEALRUN_ID_TOKEN:
      aud: "urn:sealrun:call:$[[ inputs.sealrun_call ]]"
  script:
    - mkdir -p sealrun-profile && printf %s "$SEALRUN_ID_TOKEN" > sealrun-profile/token.jwt
    - test -z "$OTHER_TOKEN"
  artifacts:
    paths: [sealrun-profile/]

check:
  stage: check
  id_tokens:
    OTHER_TOKEN:
      aud: [https://vault.example, "$CI_SERVER_URL/x"]
  script:
    - mkdir -p sealrun-profile && printf %s "$OTHER_TOKEN" > sealrun-profile/token.jwt
  artifacts:
    paths: [sealrun-profile/]
"""

CHECK = """\
check:
  stage: check
  needs: [build]
  script:
    - grep level out/inputs.txt
"""

FAILING = """\
check:
  stage: check
  script:
    - echo "about to fail"
    - exit 3
"""

SLEEPING = """\
check:
  stage: check
  timeout: 1 second
  script:
    - sleep 600
"""

WAITING = """\
check:
  stage: check
  script:
    - sleep 600
"""

# Fails the first time: the file outlives the job's own folder.
FLAKY = """\
build:
  stage: build
  retry: 1
  script:
    - test -e "../../../.git/again" || { touch ../../../.git/again; exit 4; }
    - mkdir -p out && echo made > out/file.txt
  artifacts:
    paths: [out/]

check:
  stage: check
  script:
    - cat out/file.txt
"""

VARIABLES = """\
workflow:
  name: 'sealrun $sealrun_call'

build:
  script:
    - echo "level=$level"
"""


def make_repository(folder: Path, pipeline: str) -> Path:
    """A repository with one commit, tagged v1; a branch and a tag share the name both."""
    folder.mkdir(parents=True)
    (folder / ".gitlab-ci.yml").write_text(pipeline)
    commit_all(folder, "v1", "both")
    git(folder, "branch", "both")
    return folder


def head(repository: Path) -> str:
    """The commit of the tag."""
    return git(repository, "rev-parse", "v1")
