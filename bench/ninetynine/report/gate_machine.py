"""A check's verdicts for machines: JUnit XML, JSON, GitHub's annotations."""

import dataclasses
from typing import Any
from xml.etree import ElementTree

from ninetynine.errors import one_line
from ninetynine.gate.verdict import CheckProspect, CheckResult, Outcome, Verdict
from ninetynine.measures import Measure, find
from ninetynine.report.gate import headline
from ninetynine.report.gate_sentences import NAMES, sentence


def facts(result: CheckResult) -> dict[str, Any]:
    """Return the check as plain JSON data; accuracies and drops are fractions of 1."""
    return {
        "outcome": NAMES[result.outcome],
        "exit_code": int(result.outcome),
        "headline": headline(result),
        "suite": result.suite,
        "dataset": result.dataset,
        "baseline": result.baseline,
        "baseline_reason": result.reason,
        "terms": dataclasses.asdict(result.terms),
        "verdicts": [_verdict_facts(verdict) for verdict in result.verdicts],
        "notes": list(result.notes),
    }


def _verdict_facts(verdict: Verdict) -> dict[str, Any]:
    plain = dataclasses.asdict(verdict)
    plain |= {"outcome": NAMES[verdict.outcome], "overall": NAMES[verdict.overall]}
    for part in (*plain["costs"], *plain["classes"]):
        part["outcome"] = NAMES[part["outcome"]]
    if verdict.look is not None and not (measure := find(verdict.measure)).is_accuracy:
        plain["look"] = _look_facts(plain["look"], measure)
    return {"architecture": verdict.architecture, "sentence": sentence(verdict), **plain}


def _look_facts(look: dict[str, Any], measure: Measure) -> dict[str, Any]:
    """Return a look at another measure; ``drop``, ``lower``, ``upper`` are how much worse it is."""
    sign = -1 if measure.lower_is_better else 1
    numbers = {f"{side}_value": sign * look.pop(f"{side}_accuracy") for side in ("baseline", "new")}
    return {"measure": measure.name, "measure_better": measure.better, **numbers, **look}


def prospect_facts(prospect: CheckProspect) -> dict[str, Any]:
    """Return what a check could show of one architecture, without what is not known."""
    plain = dataclasses.asdict(prospect)
    return {name: value for name, value in plain.items() if value is not None}


def junit_xml(result: CheckResult) -> str:
    """Return the check as JUnit XML, one test case per architecture.

    Only "regressed" is a failure.  What could not be told is an error and never a pass.
    """
    cases = [_case(result, verdict) for verdict in result.verdicts]
    suite = ElementTree.Element(
        "testsuite",
        name=f"bench check {result.suite}",
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
    )
    suite.extend(cases)
    if result.notes:
        ElementTree.SubElement(suite, "system-out").text = " ".join(result.notes)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    for element in root.iter():  # names and reasons are anybody's; XML cannot hold every character
        element.text = one_line(element.text or "") or None
        element.attrib = {name: one_line(value) for name, value in element.attrib.items()}
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def _case(result: CheckResult, verdict: Verdict) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=f"bench.check.{result.suite}", name=verdict.architecture
    )
    words = sentence(verdict)
    if verdict.overall is Outcome.NO_WORSE:
        ElementTree.SubElement(case, "system-out").text = words
        return case
    if verdict.excused:
        ElementTree.SubElement(case, "skipped", {"message": words}).text = words
        return case
    kind = "failure" if verdict.overall is Outcome.REGRESSED else "error"
    attributes = {"message": words, "type": NAMES[verdict.overall]}
    ElementTree.SubElement(case, kind, attributes).text = words
    return case


def annotations(result: CheckResult) -> list[str]:
    """Return GitHub workflow commands: one line per architecture that is not "no worse".

    Escaping as in actions/toolkit, packages/core/src/command.ts.
    """
    return [
        f"::{'warning' if v.overall is Outcome.INCONCLUSIVE else 'error'} "
        f"title={_property(f'bench check: {v.architecture}')}::{_data(sentence(v))}"
        for v in result.verdicts
        if v.overall is not Outcome.NO_WORSE and not v.excused
    ]


def _data(value: str) -> str:
    return one_line(value).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
