"""Reasons that a warehouse may give when it was given none of its own."""

from __future__ import annotations

from onebook_schemas.reference import Reason, ReasonUse

_NO_ORDER, _NOT_FEFO, _DISPOSAL, _CORRECTION, _STATUS = ReasonUse

USUAL_REASONS = (
    Reason(code="EMERGENCY", zh="应急先行出库", en="emergency, the order follows", uses=(_NO_ORDER,)),
    Reason(code="TRAINING", zh="演练用", en="for an exercise", uses=(_NO_ORDER,)),
    Reason(code="LOT_ORDERED", zh="指定批次", en="this lot was ordered", uses=(_NOT_FEFO,)),
    Reason(code="LOT_BLOCKED", zh="先到期批次取不到", en="the lot due first cannot be reached", uses=(_NOT_FEFO,)),
    Reason(code="ROTATION", zh="轮换", en="rotation", uses=(_NOT_FEFO,)),
    Reason(code="EXPIRED", zh="过期", en="expired", uses=(_DISPOSAL, _STATUS)),
    Reason(code="DAMAGED", zh="损坏", en="damaged", uses=(_DISPOSAL, _STATUS)),
    Reason(code="WET", zh="受潮霉变", en="wet or mouldy", uses=(_DISPOSAL, _STATUS)),
    Reason(code="LOST", zh="丢失", en="lost", uses=(_DISPOSAL,)),
    Reason(code="WRONG_AMOUNT", zh="数量录错", en="wrong amount", uses=(_CORRECTION,)),
    Reason(code="WRONG_ITEM", zh="品种或批次录错", en="wrong item or lot", uses=(_CORRECTION,)),
    Reason(code="WRONG_BIN", zh="货位录错", en="wrong bin", uses=(_CORRECTION,)),
    Reason(code="BOOKED_TWICE", zh="重复登记", en="booked twice", uses=(_CORRECTION,)),
    Reason(code="FAILED_INSPECTION", zh="检验不合格", en="failed inspection", uses=(_STATUS, _DISPOSAL)),
    Reason(code="PASSED_INSPECTION", zh="检验合格", en="passed inspection", uses=(_STATUS,)),
    Reason(code="UNDER_INSPECTION", zh="待检", en="awaiting inspection", uses=(_STATUS,)),
    Reason(code="FROZEN_BY_ORDER", zh="上级要求冻结", en="frozen by order", uses=(_STATUS,)),
)
