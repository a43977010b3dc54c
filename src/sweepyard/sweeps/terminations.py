"""`early_terminate` of a sweep file: from YAML to a rule."""

from __future__ import annotations

from sweepyard.sweeps.document import Node
from sweepyard.sweeps.findings import Findings
from sweepyard.sweeps.hyperband import Asha, Bands, Hyperband
from sweepyard.sweeps.median import MedianRule
from sweepyard.sweeps.termination import Termination

_OWNER = "`early_terminate`"
_KEYS = {
    "hyperband": ("max_iter", "min_iter", "s", "eta", "strict"),
    "asha": ("min_iter", "eta"),
    "median": ("min_iter", "interval", "min_runs"),
}
OWN_TYPES = frozenset({"asha", "median"})
_LARGEST = 2**63 - 1


class TerminationReader:
    """Reads the mapping, every violation noted."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def read(self, node: Node) -> Termination | None:
        """The rule; None where one is broken."""
        findings, entries = self._findings, node.entries
        if not node.is_mapping:
            findings.violation(node, f"{_OWNER} must be a mapping", node.value)
            return None
        before = len(findings.violations)
        kind: str | None = "hyperband"
        if "type" in entries:
            kind = findings.choice(entries["type"], "`early_terminate.type`", _KEYS)
        else:
            findings.violation(node, f"{_OWNER} must have `type`: {', '.join(_KEYS)}")
        findings.check_keys(node, {"type", *_KEYS[kind or "hyperband"]}, _OWNER)
        if kind in OWN_TYPES:
            findings.only_for_hub(entries["type"], "wandb.ai knows only `early_terminate.type: hyperband`", kind)
        rule: Termination | None
        if kind == "median":
            rule = self._median(node)
        elif kind == "asha":
            rule = Asha(Bands(self._eta(node), self._integer(node, "min_iter", 1)))
        else:
            rule = self._hyperband(node)
        return rule if len(findings.violations) == before else None

    def _hyperband(self, node: Node) -> Hyperband | None:
        findings, entries = self._findings, node.entries
        from_below = "min_iter" in entries
        if not from_below and not {"max_iter", "s"} <= entries.keys():
            findings.violation(node, f"{_OWNER} must have `min_iter`, or `max_iter` and `s`")
        min_iter = self._integer(node, "min_iter", 1)
        max_iter = self._integer(node, "max_iter", 1)
        brackets = findings.number(entries["s"], "`early_terminate.s`") if "s" in entries else None
        eta = self._eta(node)
        strict = entries.get("strict")
        if strict is not None and not isinstance(strict.value, bool):
            findings.violation(strict, "`early_terminate.strict` must be true or false", strict.value)
        bands = Bands(eta, min_iter)
        if "max_iter" in entries and brackets is not None and eta > 1:
            # W&B counts down from max_iter where both ways are given.
            bands = Bands.below(max_iter, brackets, eta)
            if not bands.fixed:
                rule = f"{_OWNER} must leave a band: s at least 1, max_iter at least eta"
                findings.violation(node, rule, f"max_iter {max_iter}, s {brackets}, eta {eta:g}")
        return Hyperband(bands, strict=strict is None or strict.value is True)

    def _median(self, node: Node) -> MedianRule:
        min_iter = self._integer(node, "min_iter", 5)
        return MedianRule(min_iter, self._integer(node, "interval", min_iter), self._integer(node, "min_runs", 3))

    def _eta(self, node: Node) -> float:
        if "eta" not in node.entries:
            return 3.0
        eta = self._findings.number(node.entries["eta"], "`early_terminate.eta`")
        if eta is None:
            return 3.0
        if eta <= 1:
            self._findings.violation(node.entries["eta"], "`early_terminate.eta` must be above 1", eta)
            return 3.0
        return float(eta)

    def _integer(self, node: Node, key: str, default: int) -> int:
        below = node.entries.get(key)
        found = None if below is None else self._findings.integer(below, f"`{key}`", 1, _LARGEST)
        return default if found is None else found
