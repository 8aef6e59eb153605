"""Contracts in the configuration: what is accepted, what is refused, and the example prices."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from teleinfo_gateway.config import load_config
from teleinfo_gateway.config.contracts import option_of
from teleinfo_gateway.config.prices import at_power
from teleinfo_gateway.errors import ConfigError

EXAMPLES = sorted((Path(__file__).parents[2] / "docs/examples").glob("prices-*.yaml"))

BASE = "{from: 2026-02-01, subscription: 15, energy: {BASE: 0.2}, source: bill}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "teleinfo.yaml"


@pytest.fixture
def load(file):
    def load(text):
        file.write_text(text, encoding="utf-8")
        return load_config(file)

    return load


@pytest.fixture
def contract(load):
    """The one contract of some keys, by default that of a Base option."""

    def contract(keys="", option="BASE", prices=BASE):
        text = f"contracts:\n- {{name: c, option: {option}, prices: [{prices}], {keys}}}"
        return load(text).contracts[0]

    return contract


@pytest.fixture
def faults_of(load):
    def faults_of(text):
        with pytest.raises(ConfigError) as caught:
            load(text)
        return caught.value.faults

    return faults_of


# What is accepted


def test_every_key_arrives_where_it_belongs(load):
    (contract,) = load(
        """
        contracts:
          - name: week-end
            meter: house
            option: hc  sem we mercr
            slots: [hc, HP, Week-End]
            power: 9
            prices:
              - from: 2025-08-01
                subscription: {6: 15.00, 9: 19}
                energy: {HC: 0.1, hp: {9: 0.25}, WEEK-END: 0.15}
                injection: 0.04
                taxes: {excise: 0.02998, cta: {9: 1.5}, vat_energy: 20, vat_subscription: 5.5}
                source: "my bill, page 2"
        """
    ).contracts
    assert (contract.name, contract.meter, contract.power) == ("week-end", "house", 9)
    assert contract.option == "HC SEM WE MERCR"
    assert contract.slot_names == ("HC", "HP", "WEEK-END")
    (price,) = contract.prices
    assert (price.since, price.source) == (date(2025, 8, 1), "my bill, page 2")
    assert price.subscription == {6: Decimal("15.00"), 9: Decimal(19)}
    assert at_power(price.energy["HP"], 9) == Decimal("0.25")
    assert at_power(price.energy["HP"], 6) is None
    assert at_power(price.energy["HC"], None) == Decimal("0.1")
    assert price.injection == Decimal("0.04")
    assert price.taxes.excise == Decimal("0.02998")
    assert price.taxes.vat_subscription == Decimal("5.5")


def test_the_price_of_a_day_is_the_last_one_that_began(contract):
    prices = ", ".join(BASE.replace("2026-02-01", day) for day in ("2026-02-01", "2025-08-01"))
    found = contract(prices=prices)
    assert found.price_on(date(2025, 7, 31)) is None
    assert found.price_on(date(2025, 8, 1)).since == date(2025, 8, 1)
    assert found.price_on(date(2026, 1, 31)).since == date(2025, 8, 1)
    assert found.price_on(date(2026, 2, 1)).since == date(2026, 2, 1)


def test_off_peak_times_are_minutes_of_the_day(contract):
    found = contract("off_peak: [22:30-06:30, 12:00-14:05, 00:00-24:00]", "HC", HC)
    assert found.off_peak == ((1350, 390), (720, 845), (0, 1440))


def test_contracts_can_be_compared_and_hashed(contract):
    assert contract() == contract()
    assert hash(contract()) == hash(contract())
    assert contract() != contract("power: 6")


@pytest.mark.parametrize(
    ("told", "option"),
    [("BASE", "BASE"), ("HC..", "HC"), ("hc", "HC"), ("EJP.", "EJP"), ("BBR(", "TEMPO"),
     ("BBR", "TEMPO"), ("TEMPO           ", "TEMPO"), ("H PLEINE/CREUSE ", "HC"),
     ("HC et Week-End", "HC ET WEEK-END"), ("BBRXY", "BBRXY")],
)  # fmt: skip
def test_what_a_meter_tells_names_the_option(told, option):
    assert option_of(told) == option


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_prices_load_say_where_they_are_from_and_are_nobodys_contract(file):
    assert "EXAMPLE" in file.read_text(encoding="utf-8").partition("\n")[0]
    for contract in load_config(file).contracts:
        assert contract.meter is None
        assert len(contract.prices) >= 2
        assert all(price.source and price.taxes is None for price in contract.prices)


def test_there_are_example_prices():
    assert len(EXAMPLES) == 3


# What is refused: (file, line, path under contracts[0], what the message says)


def price(energy):
    return f"{{from: 2026-02-01, subscription: 15, energy: {energy}, source: bill}}"


def written(option="BASE", keys="# no other key", prices=BASE):
    """A file whose other keys are on line 4 and whose prices are on line 5."""
    return f"contracts:\n- name: c\n  option: {option}\n  {keys}\n  prices: [{prices}]"


HC = price("{HC: 0.1, HP: 0.2}")
TEMPO = price("{HCJB: 1, HPJB: 1, HCJW: 1, HPJW: 1, HCJR: 1, HPJR: 1}")
IN_LINES = """contracts:
- name: c
  option: HC
  prices:
    - from: 2026-02-01
      subscription: 15
      energy:
        HC: 0.1
        HP: 0,2
      source: bill
"""


def days(keys, since="2025-09-01", to="2026-08-31"):
    return written("TEMPO", f"days: [{{from: {since}, to: {to}, {keys}}}]", TEMPO)


def base(text):
    """The prices of a Base contract with something else in place of its source."""
    return written(prices=BASE.replace("source: bill", text))


FAULTS = [
    (written().replace("name: c", "power: 6"), 2, ".name", "missing; write 1 to 32"),
    (written().replace("name: c", "name: C"), 2, ".name", "lower-case"),
    (written().replace("option: BASE", ""), 2, ".option", "missing; write BASE, HC, EJP, TEMPO"),
    (written().replace("prices", "# prices"), 2, ".prices", "missing; write a list of dated"),
    (written(prices=""), 5, ".prices", "a list of dated prices"),
    (written(keys="slots: [X]"), 4, ".slots", "those of BASE are always BASE"),
    (written("WE"), 2, ".slots", "missing; write the names of EASF01"),
    (written("WE", "slots: [A, a]", price("{A: 1}")), 4, ".slots", "a name is there twice"),
    (written("HC", "off_peak: [22h-6h]", HC), 4, ".off_peak[0]", "a list of times such as"),
    (written("HC", "off_peak: [06:00-06:00]", HC), 4, ".off_peak[0]", "ends when it begins"),
    (written(keys="off_peak: [22:00-06:00]"), 4, ".off_peak", "times of BASE are not a setting"),
    (written(keys="power: 6kVA"), 4, ".power", "whole kVA"),
    (written(keys="power: 0"), 4, ".power", "found 0"),
    # days
    (days("", since="2025-02-30"), 4, ".days[0].from", "a day such as 2025-09-01"),
    (days("", to="2025-08-31"), 4, ".days[0].to", "it is before from"),
    (days("red: [2024-01-01]"), 4, ".days[0].red[0]", "not between from and to"),
    (days("red: [2026-01-06], white: [2026-01-05, 2026-01-06]"), 4, ".days[0].white[1]",
     "this day is red already"),
    (days("peak: [2026-01-06]"), 4, ".days[0].peak", "the option TEMPO has no such days"),
    # prices
    (IN_LINES, 9, ".prices[0].energy.HP", "write a point, not a comma"),
    (written(prices=price("{BASE: {6: free}}")), 5, ".prices[0].energy.BASE.6", "digits alone"),
    (written(prices=price("{BASE: {six: 1}}")), 5, ".prices[0].energy.BASE.six", 'the key "six"'),
    (written(prices=price("{BASE: -1}")), 5, ".prices[0].energy.BASE", "digits alone"),
    (written(prices=price("{BASE: true}")), 5, ".prices[0].energy.BASE", "found true"),
    (written(prices=price("{BASE: }")), 5, ".prices[0].energy.BASE", "found nothing"),
    (written(prices=price("0.2")), 5, ".prices[0].energy", "euros a kWh for each slot"),
    (written("HC", prices=price("{HC: 1}")), 5, ".prices[0].energy.HP", "missing; write euros"),
    (written("HC", prices=price("{HC: 1, HP: 1, WE: 1}")), 5, ".prices[0].energy.WE",
     "the slots are HC, HP"),
    (written(prices=f"{BASE}, {BASE}"), 5, ".prices[1].from", "other prices begin on this day"),
    (written(prices=BASE.replace("2026-02-01", "today")), 5, ".prices[0].from", "a day such as"),
    (base("# none\n"), 5, ".prices[0].source", "missing; write a text that says where"),
    (base("source: bill, since: 1"), 5, ".prices[0].since", "the keys here are from, subscr"),
    (base("source: b, taxes: {vat: 20}"), 5, ".prices[0].taxes.vat", "unknown key"),
    (base("source: b, taxes: {cta: {6: x}}"), 5, ".prices[0].taxes.cta.6", "euros a month"),
    (base("source: b, taxes: {vat_energy: 200}"), 5, ".prices[0].taxes.vat_energy",
     "a percentage from 0 to 100"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "path", "says"), FAULTS, ids=[f[2] for f in FAULTS])
def test_a_fault_is_named_at_its_place(faults_of, text, line, path, says):
    (fault,) = faults_of(text)
    assert (fault.line, fault.path) == (line, f"contracts[0]{path}")
    assert says in fault.message


def test_two_contracts_have_two_names_and_a_meter_one_of_each_option(faults_of, load):
    one = f"  - {{name: a, meter: house, option: BASE, prices: [{BASE}]}}\n"
    faults = faults_of(f"contracts:\n{one}{one}")
    assert [(fault.line, fault.path) for fault in faults] == [(3, "contracts[1].name")]
    faults = faults_of(f"contracts:\n{one}{one.replace('name: a', 'name: b')}")
    assert [(fault.line, fault.path) for fault in faults] == [(3, "contracts[1].meter")]
    assert "the contract a of the same option" in faults[0].message
    other = f"  - {{name: b, meter: house, option: HC, prices: [{HC}]}}\n"
    assert len(load(f"contracts:\n{one}{other}").contracts) == 2


def test_all_faults_of_a_contract_come_at_once(faults_of):
    faults = faults_of(
        """contracts:
  - name: My Contract
    option: HC
    off_peak: [22h30]
    prices:
      - from: 01/02/2026
        subscription: "12,40"
        energy: {HC: 0.1, HP: cheap}
"""
    )
    assert [(fault.line, fault.path) for fault in faults] == [
        (2, "contracts[0].name"),
        (4, "contracts[0].off_peak[0]"),
        (6, "contracts[0].prices[0].from"),
        (6, "contracts[0].prices[0].source"),
        (7, "contracts[0].prices[0].subscription"),
        (8, "contracts[0].prices[0].energy.HP"),
    ]
