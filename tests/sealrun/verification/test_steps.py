"""docs/verification.md and the code have the same steps, each of them once."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/verification.md").read_text()
CODE = {
    path.name: path.read_text()
    for path in sorted((ROOT / "layers/sealrun/src/sealrun/verification").glob("*.py"))
}


def told() -> list[str]:
    return re.findall(r"^- \*\*(\d+\.\d+)\*\* ", PAGE, re.MULTILINE)


def done() -> list[str]:
    return [number for text in CODE.values() for number in re.findall(r"# Step (\d+\.\d+)\b", text)]


def test_each_step_stands_once_on_the_page_and_once_in_the_code() -> None:
    assert len(told()) == len(set(told())) > 40
    assert sorted(told()) == sorted(done())


def test_the_steps_of_the_page_are_in_order_under_their_headings() -> None:
    expected = []
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        number = re.match(r"(\d+)\. ", section)
        steps = re.findall(r"^- \*\*(\d+\.\d+)\*\* ", section, re.MULTILINE)
        assert bool(number) is bool(steps), section[:40]
        if number:
            expected += [f"{number[1]}.{at}" for at in range(1, len(steps) + 1)]
    assert told() == expected
