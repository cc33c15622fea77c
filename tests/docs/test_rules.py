"""Each rule of docs/rules.md has a test that carries its number, and no other number is cited anywhere."""

import pytest

from tests.docs.rulebook import Rule, cited, named_tests, rules, sources

RULES = rules()
TESTS = {path: named_tests(text) for path, text in sources()}
HELD = {number for tests in TESTS.values() for numbers in tests.values() for number in numbers}


def test_the_rulebook_is_read() -> None:
    numbers = [rule.number for rule in RULES]
    assert len(numbers) == len(set(numbers)) > 40
    assert {number[0] for number in numbers} == {"A", "L", "C", "R", "E"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.number)
def test_a_rule_has_a_test_with_its_number(rule: Rule) -> None:
    assert rule.number in HELD
    assert rule.tests


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.number)
def test_the_tests_that_a_rule_names_exist_and_carry_its_number(rule: Rule) -> None:
    for file, name in rule.tests:
        tests = TESTS[file]
        assert any(rule.number in numbers for test, numbers in tests.items() if not name or test == name), (
            name
        )


def test_every_number_that_is_cited_is_a_rule() -> None:
    known = {rule.number for rule in RULES}
    strangers = {path: cited(text) - known for path, text in sources()}
    assert {path: numbers for path, numbers in strangers.items() if numbers} == {}


def test_a_number_is_found_in_comments_and_names_and_not_elsewhere() -> None:
    assert cited("# as L9 wants (R4), see E3.\ndef test_a1_and_e2_hold() -> None:") == {
        "L9",
        "R4",
        "E3",
        "A1",
        "E2",
    }
    assert cited("0xA1, -L9, a.E3, R2D2, sha256:E4f, docs/A5.md") == set()
