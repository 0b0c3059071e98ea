"""A toy workflow, registered as any outside package would: it exercises everything that the loop promises."""

from loopwright.loop.work import Workflow
from loopwright_toy.spec import ToySpec

WORKFLOW = Workflow(spec=ToySpec, work="loopwright_toy.trial:Toy", summary="a toy that collects distinct numbers")
