"""The sample workflows, and the one that stands as a tree as well."""

from tests.support.documents import ROOT

SAMPLES = sorted((ROOT / "workflows").glob("*.py"))
TREE = ROOT / "workflows" / "trees" / "order_total.yaml"
"""The example of a workflow file that is a tree: the program of the sample of its name."""
