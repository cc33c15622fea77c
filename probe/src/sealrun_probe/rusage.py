"""The last resort: how much processor time the command took, user and kernel, in hundredths of a second."""

import resource
from dataclasses import replace
from pathlib import Path

from sealrun_probe.folding import Stack, stack, total
from sealrun_probe.samplers import Sampled

HZ = 100
USER, KERNEL, UNSEEN = "(user)", "(kernel)", "(unseen)"


def name_of(words: list[str]) -> str:
    """The name of the command's program; its arguments may be secrets."""
    return Path(words[0]).name


def sampled(words: list[str], used: resource.struct_rusage) -> Sampled:
    """Two stacks, user and kernel time; one that took no time is left out."""
    times = {USER: used.ru_utime, KERNEL: used.ru_stime}
    stacks: dict[Stack, int] = {
        stack([name_of(words), part]): round(seconds * HZ) for part, seconds in times.items()
    }
    return Sampled({frames: count for frames, count in stacks.items() if count}, HZ)


def with_unseen(profile: Sampled, words: list[str], used: resource.struct_rusage) -> Sampled:
    """Adds a stack for the processes that began and ended between two looks: the total is the command's."""
    unseen = round((used.ru_utime + used.ru_stime) * profile.hz) - total(profile.stacks)
    own = {stack([name_of(words), UNSEEN]): unseen} if unseen > 0 else {}
    return replace(profile, stacks={**profile.stacks, **own})
