"""The last resort: how much processor time the command took, user and kernel, in hundredths of a second."""

import resource
from dataclasses import replace
from pathlib import Path

from sealrun_probe.folding import Stack, stack, total
from sealrun_probe.samplers import Sampled

HZ = 100
USER, KERNEL, UNSEEN = "(user)", "(kernel)", "(unseen)"


def name_of(words: list[str]) -> str:
    """The command's own name; its arguments may hold what is nobody's business."""
    return Path(words[0]).name


def sampled(words: list[str], used: resource.struct_rusage) -> Sampled:
    """Two stacks, without those that took nothing."""
    times = {USER: used.ru_utime, KERNEL: used.ru_stime}
    stacks: dict[Stack, int] = {
        stack([name_of(words), part]): round(seconds * HZ) for part, seconds in times.items()
    }
    return Sampled({frames: count for frames, count in stacks.items() if count}, HZ)


def with_unseen(found: Sampled, words: list[str], used: resource.struct_rusage) -> Sampled:
    """What came and went between two looks, as a stack of its own, so that the total is the command's."""
    unseen = round((used.ru_utime + used.ru_stime) * found.hz) - total(found.stacks)
    own = {stack([name_of(words), UNSEEN]): unseen} if unseen > 0 else {}
    return replace(found, stacks={**found.stacks, **own})
