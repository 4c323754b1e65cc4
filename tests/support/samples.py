"""The sample workflows, without the cases that stand beside them."""

from tests.support.documents import ROOT

SAMPLES = sorted(file for file in (ROOT / "workflows").glob("*.yaml") if file.suffixes == [".yaml"])
