"""What each arm's batches came to: rows, what they took, whether it was switched off."""

from __future__ import annotations

from loopwright.measure.intervals import at_any_time
from loopwright.report.amounts import count, share, usd
from loopwright.report.datagen.made import Made
from loopwright.report.datagen.tally import ArmYield
from loopwright.report.markup import Child, Markup, element, joined, shortened
from loopwright.report.page import paragraph
from loopwright.report.scale import number
from loopwright.report.tables import Group, heads, table
from loopwright.workflows.datagen.spec import ArmBlock

_ARMS = heads("arm ~how >batches >rows >accepted >share >95_%_interval >calls >tokens >cost")
_NONE = ArmYield()


def panel(made: Made) -> Markup:
    rows = [_arm(made, block) for block in made.recipe.brief.arms]
    said = "What each arm's batches came to. Calls, tokens and cost are per accepted row; of some calls they may be unknown."
    return joined([_switched_off(made), table(said, _ARMS, [Group(None, rows)])])


def _switched_off(made: Made) -> Markup | None:
    if not made.off:
        return None
    told = [paragraph(joined([element("strong", f"{arm} was switched off"), f" {why}."])) for arm, why in made.off.items()]
    return element("div", *told, class_="notice", role="note")


def _arm(made: Made, block: ArmBlock) -> list[Child]:
    arm = made.tally.arms.get(block.id, _NONE)
    held = at_any_time(arm.accepted, arm.rows)
    return [
        block.id,
        _how(made, block),
        count(arm.batches),
        count(arm.rows),
        count(arm.accepted),
        share(arm.accepted, arm.rows),
        f"{100 * held.low:.0f} to {100 * held.high:.0f} %" if arm.rows else "",
        *(_per(arm) if arm.accepted else ("-", "-", "-")),
    ]


def _per(arm: ArmYield) -> tuple[str, str, str]:
    """Calls, tokens and cost, for each accepted row."""
    return (
        number(arm.calls / arm.accepted),
        arm.tokens.told(lambda known: number(known / arm.accepted)),
        arm.nano_usd.told(lambda known: usd(round(known / arm.accepted))),
    )


def _how(made: Made, block: ArmBlock) -> str:
    model = block.model or made.recipe.brief.writer
    params = ", ".join(f"{name} {value}" for name, value in block.params.items())
    return shortened("; ".join(part for part in (block.kind, model, params) if part), 160)
