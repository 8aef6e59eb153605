"""The properties of LiXee's ZLinky_TIC as Zigbee2MQTT publishes them. Pure.

One JSON object; energies are in kWh, texts lose their padding. Only what the meter tells is there,
but for warnings, which are 0 while there is none. ``current_summ_delivered`` is the energy drawn in
all, with every contract. The names are those of the *exposes* of the device in Zigbee2MQTT.
"""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.texts import (
    Telemetry,
    as_json,
    as_number,
    kwh,
    total_wh,
    unpadded,
    whole,
)
from teleinfo_gateway.outputs.mqtt.view import View
from tic import BY_NAME, INDEX_SLOTS, Kind, Mode, usual_name

__all__ = ["Zigbee2Mqtt"]

_ANY = {
    **{
        label: f"current_tier{slot}_summ_delivered"
        for label, slot in INDEX_SLOTS.items()
        if label != "BASE"  # the total tells it
    },
    **{f"EASF{slot:02}": f"current_tier{slot}_summ_delivered" for slot in range(1, 11)},
    **{f"EASD{number:02}": f"active_energy_out_d{number:02}" for number in range(1, 5)},
    **{f"DPM{number}": f"start_mobile_point{number}" for number in (1, 2, 3)},
    **{f"FPM{number}": f"stop_mobile_point{number}" for number in (1, 2, 3)},
    **{f"ADIR{phase}": f"warn_d_i_r{phase}" for phase in (1, 2, 3)},
    "ADCO": "meter_serial_number",
    "OPTARIF": "current_tarif",
    "ISOUSC": "available_power",  # in A
    "PTEC": "active_register_tier_delivered",
    "DEMAIN": "tomorrow_color",
    "PEJP": "start_notice_e_j_p",
    "ADPS": "warn_d_p_s",
    "IINST": "rms_current",
    "IINST1": "rms_current",
    "IINST2": "rms_current_ph_b",
    "IINST3": "rms_current_ph_c",
    "IMAX": "rms_current_max",
    "IMAX1": "rms_current_max",
    "IMAX2": "rms_current_max_ph_b",
    "IMAX3": "rms_current_max_ph_c",
    "PMAX": "active_power_max",
    "PAPP": "apparent_power",
    "HHPHC": "schedule_h_p_h_c",
    "MOTDETAT": "mot_d_etat",
    "PPOT": "presence_potential",
    "ADSC": "meter_serial_number",
    "VTIC": "software_revision",
    "DATE": "current_date",
    "NGTF": "current_tarif",
    "LTARF": "current_price",
    "EAIT": "current_summ_received",
    "ERQ1": "total_reactive_power",
    "ERQ2": "reactive_power",
    "ERQ3": "reactive_power_ph_b",
    "ERQ4": "reactive_power_ph_c",
    "IRMS1": "rms_current",
    "IRMS2": "rms_current_ph_b",
    "IRMS3": "rms_current_ph_c",
    "URMS1": "rms_voltage",
    "URMS2": "rms_voltage_ph_b",
    "URMS3": "rms_voltage_ph_c",
    "PREF": "available_power",  # in kVA
    "PCOUP": "power_threshold",
    "SINSTI": "injected_v_a",
    "SMAXIN": "injected_v_a_max_n",
    "SMAXIN-1": "injected_v_a_max_n1",
    "CCASN": "active_power",  # an average, not that of now
    "CCASN-1": "active_power_ph_b",  # not of a phase: so it is called there
    "CCAIN": "injected_active_load_n",
    "CCAIN-1": "injected_active_load_n1",
    "UMOY1": "average_rms_voltage_meas_period",
    "UMOY2": "average_rms_voltage_measure_period_ph_b",
    "UMOY3": "average_rms_voltage_meas_period_ph_c",
    "STGE": "status_register",
    "MSG1": "message1",
    "MSG2": "message2",
    "PRM": "site_id",
    "RELAIS": "relais",
    "NTARF": "current_index_tarif",
    "NJOURF": "days_number_current_calendar",
    "NJOURF+1": "days_number_next_calendar",
    "PJOURF+1": "days_profile_current_calendar",
    "PPOINTE": "days_profile_next_calendar",
}
_SINGLE_PHASE = _ANY | {
    "SINSTS": "apparent_power",
    "SMAXSN": "active_power_max",
    "SMAXSN-1": "drawn_v_a_max_n1",
}
_THREE_PHASES = _ANY | {
    "SINSTS": "total_apparent_power",
    "SINSTS1": "apparent_power",
    "SINSTS2": "apparent_power_ph_b",
    "SINSTS3": "apparent_power_ph_c",
    "SMAXSN1": "active_power_max",
    "SMAXSN2": "active_power_max_ph_b",
    "SMAXSN3": "active_power_max_ph_c",
    "SMAXSN1-1": "drawn_v_a_max_n1",
    "SMAXSN2-1": "drawn_v_a_max_n1_p2",
    "SMAXSN3-1": "drawn_v_a_max_n1_p3",
}
"""Label to property; pilot meters' labels by their usual names."""

_NO_WARNING_SINGLE = ("warn_d_p_s", "start_notice_e_j_p")
_NO_WARNING_THREE = ("warn_d_i_r1", "warn_d_i_r2", "warn_d_i_r3", "start_notice_e_j_p")

_BEST_LINK = 255
"""There is no radio that could be bad."""


class Zigbee2Mqtt(Telemetry):
    """The device's topic, ``zigbee2mqtt/`` and its friendly name."""

    def state(self, view: View, topic: str) -> Iterator[Message]:
        """See :class:`~teleinfo_gateway.outputs.mqtt.texts.Telemetry`."""
        properties: dict[str, object] = {}
        if view.mode is Mode.HISTORIQUE:
            calm = _NO_WARNING_THREE if view.three_phase else _NO_WARNING_SINGLE
            properties |= dict.fromkeys(calm, 0)
        if (total := total_wh(view)) is not None:
            properties["current_summ_delivered"] = kwh(total)
        names = _THREE_PHASES if view.three_phase else _SINGLE_PHASE
        for sent, value in whole(view).items():
            label = usual_name(sent)
            if label in names:
                properties[names[label]] = _converted(label, value)
        properties["linkquality"] = _BEST_LINK
        yield Message(topic, as_json(properties))


def _converted(label: str, value: str) -> float | str:
    """A number in the property's unit, or text."""
    known = BY_NAME[label]
    if known.kind is Kind.INDEX and known.unit == "Wh":
        return kwh(int(value))
    if label == "HHPHC":  # a number there, which is 0 for the letter it is
        return int(value) if value.isdigit() else 0
    if label == "PPOT":
        return int(value, 16)
    if known.kind is Kind.REGISTER and label != "RELAIS":
        return value
    return as_number(label, unpadded(value))
